"""Reference implementations of contrastive methods in PyTorch; they know nothing of RDF."""
