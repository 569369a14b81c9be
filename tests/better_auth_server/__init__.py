"""Real Better Auth servers for the tests: Node.js runs them, Python drives them."""
