package org

// KeyKind is what a key is for. The numbers are stored; they never change.
type KeyKind int

// The kinds of keys.
const (
	KindAdmin          KeyKind = 1
	KindProject        KeyKind = 2
	KindServiceAccount KeyKind = 3
)

// Organization is the one organization of a database.
type Organization struct {
	ID        string
	CreatedAt int64 // Unix seconds
}

// Key is an API key as stored. Its value is not: only the digest and the
// redacted form remain after creation.
type Key struct {
	ID        string
	Kind      KeyKind
	Name      string
	Digest    [32]byte
	Redacted  string
	CreatedAt int64 // Unix seconds
	ExpiresAt int64 // Unix seconds; 0: never
	OwnerType OwnerType
	OwnerID   string
	ProjectID string // empty for admin keys
}

// UsableAt says whether the key itself has not expired.
func (k Key) UsableAt(now int64) bool { return k.ExpiresAt == 0 || now < k.ExpiresAt }

// Owner is the principal a key acts for, as shown beside the key.
type Owner struct {
	Type      OwnerType
	ID        string
	Name      string
	Email     string // empty for service accounts
	Role      Role
	CreatedAt int64 // Unix seconds
}

// AdminAPIKey is an organization admin key as read back.
type AdminAPIKey struct {
	ID         string
	Name       string
	Redacted   string
	Digest     [32]byte
	CreatedAt  int64 // Unix seconds
	ExpiresAt  int64 // Unix seconds; 0: never
	LastUsedAt int64 // Unix seconds; 0: not yet
	Owner      Owner
}
