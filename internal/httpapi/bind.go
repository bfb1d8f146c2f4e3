package httpapi

import (
	"net/http"
	"reflect"
)

// A binder fills a request struct from the path, the query and the body of an
// HTTP request, strictly, and says what is wrong in the contract's words.
//
// Tags of the request struct, whose fields may sit in embedded structs:
//
//	ID    string            `path:"key_id"`
//	After string            `query:"after"`
//	Limit int               `query:"limit,default=20,min=0,max=100"`
//	Order api.Order         `query:"order,default=asc,enum=asc|desc"`
//	From  *int64            `query:"effective_at[gte]"`
//	Mails []string          `query:"emails"`
//	Body  createAdminAPIKey `body:"required"`
//
// Tags of a body struct and of the structs in it, beside the member's name:
//
//	Name    string `json:"name" bind:"required"`
//	Expires *int64 `json:"expires_in_seconds" bind:"nullable,min=1,max=31536000"`
//
// Types are strings, int, int64, bool, slices of them and, in bodies, structs.
// A pointer is nil where nothing was given. The rules are required, nullable
// (null counts as absent; bodies only, on a pointer or a slice), min and max
// (integers), enum (strings) and default (queries only). They go down to the
// elements of a slice, except for required and nullable.
//
// Path values are what the router unescaped. Queries and bodies have their
// rules beside bindQuery and bindBody. The first error in that order is told.
type binder[Req any] struct {
	plan *requestPlan
}

// newBinder studies Req, once. It panics on a tag that makes no sense, so that
// a bad route stops the server at its start.
func newBinder[Req any]() *binder[Req] {
	return &binder[Req]{plan: newRequestPlan(reflect.TypeFor[Req]())}
}

// bind makes a Req out of r. It reads the body only where Req has one.
func (b *binder[Req]) bind(r *http.Request) (Req, *apiError) {
	var req Req
	if err := b.plan.bind(r, reflect.ValueOf(&req).Elem()); err != nil {
		var zero Req
		return zero, err
	}
	return req, nil
}

func (p *requestPlan) bind(r *http.Request, dst reflect.Value) *apiError {
	for _, f := range p.path {
		value := r.PathValue(f.name)
		if value == "" {
			panic("httpapi: no path value {" + f.name + "} in " + r.Pattern)
		}
		dst.FieldByIndex(f.index).SetString(value)
	}
	if err := p.bindQuery(r.URL.RawQuery, dst); err != nil {
		return err
	}
	if p.body == nil {
		return nil
	}
	return p.bindBody(r, dst.FieldByIndex(p.body.index))
}
