package compat

import "testing"

func TestOpenAINpm(t *testing.T) {
	t.Parallel()
	require(t, "Node.js", "node", "--version")
	require(t, "the npm SDK (cd npm && npm ci)", "test", "-d", "npm/node_modules/openai")
	start(t).run(t, "npm", "node", "--test", "--test-reporter=spec")
}
