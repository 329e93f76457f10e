"""Rollout: strategy, traffic, targets, and the pure judges that compare canary and stable."""
