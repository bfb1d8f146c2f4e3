package org

// ProjectAPIKey is a key for model traffic as read back: of a member, or of a
// service account of the project.
type ProjectAPIKey struct {
	ID          string
	ProjectID   string
	Kind        KeyKind
	Name        string
	Redacted    string
	Digest      [32]byte
	CreatedAt   int64 // Unix seconds
	ExpiresAt   int64 // Unix seconds; 0: never
	LastUsedAt  int64 // Unix seconds; 0: not yet
	Owner       Owner // its role is the one in the project
	OwnerActive bool  // its owner has access to the project
}
