package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// bindBody fills dst, a struct or a pointer to one, from the body of r.
//
// The body must be one JSON object by the strict rules (UTF-8 without a byte
// order mark, no duplicate members, nothing after it, at most maxDepth levels).
// Only when all of it is, its content is looked at; unknown members are told
// before wrong values, wrong values before missing members, and of each sort
// the first in the order of the document. Member names are case-sensitive. A
// body that is JSON but no object is of the wrong type, not malformed.
//
// A body that is absent leaves a pointer nil where it is optional; null is not
// absent.
func (p *requestPlan) bindBody(r *http.Request, dst reflect.Value) *apiError {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		if p.body.required {
			return errMalformedBody("The body is empty: send a JSON object.")
		}
		return nil
	}
	if err := checkContent(r.Header); err != nil {
		return err
	}
	return decodeBody(body, dst, p.body.shape)
}

// readBody reads all of the body before anything is said about it, since an
// absent one needs no type, and whether it is absent a chunked one shows only
// at its end.
func readBody(r *http.Request) ([]byte, *apiError) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > maxBodyBytes {
		return nil, errBodyTooLarge()
	}
	// Room for a usual body. A promised length costs memory only as it arrives.
	const usual = 4 << 10
	var buf bytes.Buffer
	buf.Grow(int(min(max(r.ContentLength, 0), usual)) + bytes.MinRead)
	_, err := buf.ReadFrom(io.LimitReader(r.Body, maxBodyBytes+1))
	var tooLarge *http.MaxBytesError
	switch {
	case buf.Len() > maxBodyBytes || errors.As(err, &tooLarge):
		return nil, errBodyTooLarge()
	case err != nil:
		return nil, errMalformedBody("It ended before all of it was received.")
	}
	return buf.Bytes(), nil
}

// checkContent demands a body that says it is JSON, and is not compressed.
// Every line of a repeated header must say so.
func checkContent(h http.Header) *apiError {
	for _, coding := range h["Content-Encoding"] {
		if coding != "" && !strings.EqualFold(strings.TrimSpace(coding), "identity") {
			return errUnsupportedContentEncoding(coding)
		}
	}
	types := h["Content-Type"]
	if len(types) == 0 || types[0] == "" {
		return errMalformedBody("The request has no content type: send the header 'Content-Type: application/json'.")
	}
	for _, t := range types {
		media, _, _ := strings.Cut(t, ";")
		if !strings.EqualFold(strings.TrimSpace(media), "application/json") {
			return errUnsupportedContentType(t)
		}
	}
	return nil
}
