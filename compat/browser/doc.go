// Package browser looks at the web console with Chromium: what people do on it,
// what an attacker would try, whether everybody can use it (axe-core), and how it
// looks. It has tests only. They leave pictures of every page in artefacts/.
package browser
