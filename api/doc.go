// Package api declares the wire types of OpenAI's organization Administration
// API as Keyreeve serves them: request bodies, response bodies and the error
// body. It holds data only; the rules are in the server, the transport in
// package client.
//
// Field order is the order on the wire. A pointer marks a member that may be
// null; a member that is absent from some responses carries omitzero. All
// times are Unix seconds.
package api
