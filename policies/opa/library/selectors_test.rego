package compliance.library.selectors_test

import data.compliance.library.selectors

labels := {"app": "menu", "tier": "front"}

test_what_matches if {
	every selector in [
		{},
		{"matchLabels": {"app": "menu"}},
		{"matchLabels": {"app": "menu", "tier": "front"}},
		{"matchExpressions": [{"key": "app", "operator": "In", "values": ["menu", "orders"]}]},
		{"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["orders"]}]},
		{"matchExpressions": [{"key": "gone", "operator": "NotIn", "values": ["x"]}]},
		{"matchExpressions": [{"key": "tier", "operator": "Exists"}]},
		{"matchExpressions": [{"key": "gone", "operator": "DoesNotExist"}]},
	] {
		selectors.matches(selector, labels)
	}
}

test_what_does_not_match if {
	every selector in [
		null,
		{"matchLabels": {"app": "orders"}},
		{"matchLabels": {"gone": "x"}},
		{"matchExpressions": [{"key": "app", "operator": "In", "values": ["orders"]}]},
		{"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["menu"]}]},
		{"matchExpressions": [{"key": "gone", "operator": "Exists"}]},
		{"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]},
		{"matchExpressions": [{"key": "app", "operator": "Near"}]},
		{"matchExpressions": [5]},
	] {
		not selectors.matches(selector, labels)
	}
}
