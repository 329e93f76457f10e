-- Reserved, so that numbers of work done at the same time do not meet.

SELECT 1;
