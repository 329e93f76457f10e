package compliance.main_test

import data.compliance.main

subjects := [
	{"id": "manifest:a", "kind": "manifest", "object": {"apiVersion": "v1", "kind": "Service"}},
	{"id": "service:a", "kind": "service"},
	{"id": "platform:a", "kind": "platform"},
]

test_every_policy_answers_every_subject_of_its_kind if {
	report := main.report with input as {"subjects": subjects}
	expected := {{"policy": name, "subject": subject.id} |
		some name, about in report.policies
		some subject in subjects
		subject.kind == about.subject
	}
	answered := {{"policy": answer.policy, "subject": answer.subject} | some answer in report.answers}
	count(report.policies) > 15
	answered == expected
}

test_a_subject_without_evidence_never_passes if {
	report := main.report with input as {"subjects": subjects}
	every answer in report.answers {
		answer.outcome != "passed"
		answer.message != ""
	}
}

test_every_policy_says_what_it_is if {
	report := main.report with input as {"subjects": []}
	every about in report.policies {
		about.subject in {"manifest", "service", "platform"}
		about.severity in {"critical", "high", "medium", "low"}
		about.weight in numbers.range(1, 10)
		count(about.title) > 10
		count(split(about.rationale, " ")) > 10
		count(about.controls) > 0
	}
}

test_without_subjects_there_is_no_answer if {
	report := main.report with input as {"subjects": []}
	report.answers == set()
}
