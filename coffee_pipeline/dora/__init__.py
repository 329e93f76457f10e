"""The software delivery metrics of dora.dev, computed on recorded facts."""
