package compliance.policies.two_person_review_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.two_person_review as policy

subject := examples.platform

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(subject, "/commits", [{"revision": "3f786850e387550fdab836ed7e6dc881de23001b", "author": "ada@example.com", "committer": "grace@example.com", "reviewers": []}]), ""],
		[examples.with_value(subject, "/commits", [{"revision": "3f786850e387550fdab836ed7e6dc881de23001b", "author": "ada@example.com", "committer": "ada@example.com", "reviewers": ["grace@example.com"]}, {"revision": "3f786850e387550fdab836ed7e6dc881de23001b", "author": "ada@example.com", "committer": "noreply@forge.example", "reviewers": ["ada@example.com", "lin@example.com"]}]), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.with_value(subject, "/commits", [{"revision": "3f786850e387550fdab836ed7e6dc881de23001b", "author": "ada@example.com", "committer": "ada@example.com", "reviewers": ["Ada@Example.com"]}]), "3f786850e387 was reviewed by its author only"],
		[examples.with_value(subject, "/commits", [{"revision": "3f786850e387550fdab836ed7e6dc881de23001b", "author": "ada@example.com", "committer": "ada@example.com", "reviewers": ["ada@example.com"]}, {"revision": "3f786850e387550fdab836ed7e6dc881de23001b", "author": "ada@example.com", "committer": "ada@example.com", "reviewers": []}]), "3f786850e387 was reviewed by its author only"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_it_does_not_apply if {
	every case in [
		[examples.with_value(subject, "/commits", [{"revision": "3f786850e387550fdab836ed7e6dc881de23001b", "author": "ada@example.com", "committer": "ada@example.com", "reviewers": []}]), "1 of 1 commits carry no trace of a review; the hosting service would have to be asked"],
		[examples.with_value(subject, "/commits", [{"revision": "3f786850e387550fdab836ed7e6dc881de23001b", "author": "ada@example.com", "committer": "noreply@forge.example", "reviewers": []}, {"revision": "3f786850e387550fdab836ed7e6dc881de23001b", "author": "ada@example.com", "committer": "grace@example.com", "reviewers": []}]), "1 of 2 commits carry no trace of a review; the hosting service would have to be asked"],
		[examples.with_value(subject, "/commits", [{"revision": "3f786850e387550fdab836ed7e6dc881de23001b", "author": "ada@example.com", "committer": "41898282+deploy[bot]@users.noreply.forge.example", "reviewers": []}]), "1 of 1 commits carry no trace of a review; the hosting service would have to be asked"],
		[examples.with_value(subject, "/commits", []), "there is no commit to look at"],
	] {
		policy.verdict == {"outcome": "not_applicable", "message": case[1]} with input as case[0]
	}
}

test_where_evidence_is_missing if {
	every case in [
		[examples.without(subject, "/commits"), "the commits were not looked at"],
	] {
		policy.verdict == {"outcome": "not_evaluated", "message": case[1]} with input as case[0]
	}
}
