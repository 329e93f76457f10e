"""Trace stores: what Zipkin, Jaeger and Tempo answer, as spans of one shape."""
