"""Gates: policy decisions over evidence."""
