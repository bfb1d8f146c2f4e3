package org

import (
	"context"
	"io"
	"sync"
)

// Service is the organization's rules. Its methods are safe for concurrent
// use.
type Service struct {
	store     Store
	random    io.Reader
	uses      UseReader
	catalogue Catalogue
	searching sync.Mutex // held by the one deep search
}

// UseReader tells use times that storage does not have yet.
type UseReader interface {
	// LastUsed returns when the key was last used, in Unix seconds, or 0.
	LastUsed(digest [32]byte) int64
}

// NewService returns the rules over a store. Key values are drawn from random,
// which must be cryptographically secure. uses may be nil.
func NewService(store Store, random io.Reader, uses UseReader) *Service {
	return &Service{store: store, random: random, uses: uses}
}

// WithCatalogue names the models for which projects have rate limits, before the
// service is used. Without it there are none.
func (s *Service) WithCatalogue(c Catalogue) *Service {
	s.catalogue = c
	return s
}

// Organization returns the organization of the database.
func (s *Service) Organization(ctx context.Context) (Organization, error) {
	return s.store.Organization(ctx)
}
