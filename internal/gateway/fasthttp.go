package gateway

import (
	"context"
	"strings"
	"unsafe"

	"github.com/valyala/fasthttp"

	"github.com/keyreeve/keyreeve/internal/verify"
)

// FastHandler is [Gate.Handler] over fasthttp, for a server as [NewFastServer]
// makes it: see docs/decisions/0007-gateway-listener.md for what it gains over
// net/http.
func (g *Gate) FastHandler(trusted bool) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		defer func() {
			if p := recover(); p != nil {
				g.panicked(p)
				ctx.Response.Reset()
				writeFastRefusal(ctx, internal)
			}
		}()
		r := &ctx.Request.Header
		awaits, refusal := recheck(r)
		if refusal != nil {
			ctx.SetConnectionClose()
			writeFastRefusal(ctx, refusal)
			return
		}
		op, kinds, refusal := route(text(r.RequestURI()))
		if refusal == nil && awaits {
			refusal = g.await(context.Background(), (*fastHeader)(r))
		}
		switch {
		case refusal != nil:
			writeFastRefusal(ctx, refusal)
		case op == opIntrospect:
			g.fastIntrospect(ctx, trusted)
		default:
			g.fastAuth(ctx, kinds, op == opExtAuthz)
		}
	}
}

// fastAuth is serveAuth.
func (g *Gate) fastAuth(ctx *fasthttp.RequestCtx, kinds verify.Kinds, envoy bool) {
	d, refusal := g.Decide((*fastHeader)(&ctx.Request.Header), kinds)
	if refusal != nil {
		writeFastRefusal(ctx, refusal)
		return
	}
	h := &ctx.Response.Header
	h.SetCanonical(cacheControl, dontStore)
	var buf [64]byte
	for i := range identity {
		if value := identity[i].field.appendTo(buf[:0], &d); len(value) > 0 || !envoy {
			h.SetCanonical(identity[i].name, value)
		}
	}
	if d.Grace {
		h.Set(headerStale, staleGrace)
	}
	if envoy {
		h.Set(headerRemove, strings.Join(g.removed(&d), ","))
	}
}

func (g *Gate) fastIntrospect(ctx *fasthttp.RequestCtx, trusted bool) {
	if !ctx.IsPost() {
		writeFastRefusal(ctx, wrongMethod)
		return
	}
	var caller Header
	if !trusted {
		caller = (*fastHeader)(&ctx.Request.Header)
	}
	body, refusal := g.introspect(text(ctx.Request.Header.ContentType()), ctx.PostBody(), caller)
	if refusal != nil {
		writeFastRefusal(ctx, refusal)
		return
	}
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.SetContentType("application/json")
	ctx.SetBody(body)
}

// fastHeader is a Header of fasthttp. The values it returns are good until the
// request is answered. It is no rawHeader because that would be allocated.
type fastHeader fasthttp.RequestHeader

// First implements Header.
func (h *fastHeader) First(name Name) (string, int) {
	return rawHeader(text((*fasthttp.RequestHeader)(h).RawHeaders())).First(name)
}

// text shows bytes of a request as a string without copying them. Nothing that
// is given it keeps it.
func text(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // as said above
}

var cacheControl, dontStore = []byte("Cache-Control"), []byte("no-store")

func writeFastRefusal(ctx *fasthttp.RequestCtx, r *Refusal) {
	for name, value := range r.each {
		ctx.Response.Header.Set(name, value)
	}
	ctx.SetStatusCode(r.Status)
	ctx.Response.SetBodyRaw(r.Body)
}
