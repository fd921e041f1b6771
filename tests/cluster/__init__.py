"""Several hosts, which network namespaces stand for. Run by `make cluster-test`, as root, not by `make test`."""
