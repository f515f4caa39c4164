"""What the conformance suites share: counting checks, asking the server, starting it."""
