-- As of when are the views asked that depend on it: what is past due, which acceptance has expired?
--
-- The session variable asked_at (SET VARIABLE asked_at = TIMESTAMP '2026-03-01 12:00:00', in UTC)
-- where it is set, so that an answer can be had again; else the clock.
SELECT coalesce(
    getvariable('asked_at')::TIMESTAMP, make_timestamp(epoch_us(current_timestamp))
) AS asked_at;
