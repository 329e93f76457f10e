# METADATA
# title: Every change was seen by a second person
# description: >-
#   One stolen account, or one person on a bad day, must not be able to put code into production
#   alone. Only evidence in the commits counts: trailers of reviewers, or a committer who is not
#   the author.
# custom:
#   subject: platform
#   severity: high
#   weight: 5
#   controls:
#     - "OWASP CI/CD Top 10: CICD-SEC-1 Insufficient Flow Control Mechanisms"
#     - "OWASP CI/CD Top 10: CICD-SEC-5 Insufficient PBAC (Pipeline-Based Access Controls)"
package compliance.policies.two_person_review

import data.compliance.library.answer

about := answer.about(rego.metadata.chain())

verdict := answer.of(not_applicable, failures, unknown)

unknown contains "the commits were not looked at" if not is_array(object.get(input, "commits", null))

# Silence proves nothing: hosting services keep approvals for themselves.
not_applicable contains message if {
	is_array(input.commits)
	silent := [commit | some commit in input.commits; not reviewed(commit); not self_reviewed(commit)]
	own := [commit | some commit in input.commits; self_reviewed(commit)]
	own == []
	count(silent) == count(input.commits) - count([commit | some commit in input.commits; reviewed(commit)])
	count(silent) > 0
	message := sprintf(
		"%d of %d commits carry no trace of a review; the hosting service would have to be asked",
		[count(silent), count(input.commits)],
	)
}

not_applicable contains "there is no commit to look at" if input.commits == []

failures contains message if {
	some commit in input.commits
	self_reviewed(commit)
	message := sprintf("%v was reviewed by its author only", [substring(commit.revision, 0, 12)])
}

reviewed(commit) if {
	some reviewer in commit.reviewers
	lower(reviewer) != lower(commit.author)
}

# The web interface of a hosting service commits for whoever pressed the button.
reviewed(commit) if {
	lower(commit.committer) != lower(commit.author)
	not regex.match(`(^|[.@-])(noreply|no-reply|bot)([.@+-]|$)`, lower(commit.committer))
}

self_reviewed(commit) if {
	count(commit.reviewers) > 0
	not reviewed(commit)
}
