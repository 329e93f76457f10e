"""Service level objectives: OpenSLO documents, indicators, error budgets, burn rates."""
