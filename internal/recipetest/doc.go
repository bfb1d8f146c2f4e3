// Package recipetest runs the gateway recipes of docs/gateways, from those very
// files, with the real gateways in front of a small model server.
package recipetest
