// Package auditkey reads the Ed25519 keys by which an operator signs the
// checkpoints of the audit log. They are PEM files as openssl writes them:
//
//	openssl genpkey -algorithm ed25519 -out audit.pem
//	openssl pkey -in audit.pem -pubout -out audit.pub.pem
package auditkey

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// ReadPrivate reads a private key in PKCS #8.
func ReadPrivate(file string) (ed25519.PrivateKey, error) {
	der, err := read(file, "PRIVATE KEY", "openssl genpkey -algorithm ed25519")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s is no Ed25519 key: make one with openssl genpkey -algorithm ed25519", file)
	}
	return key, nil
}

// ReadPublic reads a public key.
func ReadPublic(file string) (ed25519.PublicKey, error) {
	der, err := read(file, "PUBLIC KEY", "openssl pkey -pubout")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	key, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s is no public Ed25519 key: make it with openssl pkey -pubout", file)
	}
	return key, nil
}

// read returns what is in the first PEM block. No error shows any of a file.
func read(file, kind, maker string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err // names the file
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s holds no %s in PEM: make one with %s", file, kind, maker)
	}
	return block.Bytes, nil
}
