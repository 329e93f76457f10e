# METADATA
# title: The answers of every policy on every subject of its kind
# description: >-
#   A policy is a package below compliance.policies with two rules: about (what it says of itself)
#   and verdict (its answer on the subject that is its input). Nothing is listed by hand, so no
#   policy can be forgotten; who asks counts the policies and the answers.
package compliance.main

report := {"policies": policies, "answers": answers}

policies[name] := about if {
	about := data.compliance.policies[name].about
}

answers contains answer if {
	some subject in input.subjects
	some name, about in policies
	about.subject == subject.kind
	verdict := data.compliance.policies[name].verdict with input as subject
	answer := object.union(verdict, {"policy": name, "subject": subject.id})
}
