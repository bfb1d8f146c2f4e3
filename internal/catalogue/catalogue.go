// Package catalogue reads the operator's list of models and their default
// limits, a JSON file:
//
//	{
//	  "models": [
//	    {
//	      "model": "llama-3.1-8b",
//	      "max_requests_per_1_minute": 600,
//	      "max_tokens_per_1_minute": 1000000,
//	      "max_images_per_1_minute": null,
//	      "max_audio_megabytes_per_1_minute": null,
//	      "max_requests_per_1_day": null,
//	      "batch_1_day_max_input_tokens": null
//	    }
//	  ],
//	  "others": {"max_requests_per_1_minute": 60}
//	}
//
// The first two numbers of a model are required. A number that is null or absent
// is no limit. others, which may be absent, limits the requests of all models
// that are not listed, together.
package catalogue

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyreeve/keyreeve/internal/org"
)

//go:embed default.json
var embedded []byte

// Default returns the catalogue of a server that is given none: OpenAI's common
// models, and for all others together 500 requests per minute, as most of those
// that are listed have.
func Default() org.Catalogue {
	c, err := Parse(embedded)
	if err != nil {
		panic("catalogue: default.json: " + err.Error()) // a test reads it
	}
	return c
}

// maxFile is the size of a file in bytes: some ten thousand models.
const maxFile = 4 << 20

// Read reads a file. The error names it, the line, and what is wrong there.
func Read(file string) (org.Catalogue, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return org.Catalogue{}, err // names the file
	}
	if len(text) > maxFile {
		return org.Catalogue{}, fmt.Errorf("%s has %d bytes, at most %d are read", file, len(text), maxFile)
	}
	c, err := Parse(text)
	if err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

// model is an entry of the file.
type model struct {
	Model                   string `json:"model"`
	RequestsPerMinute       *int64 `json:"max_requests_per_1_minute"`
	TokensPerMinute         *int64 `json:"max_tokens_per_1_minute"`
	ImagesPerMinute         *int64 `json:"max_images_per_1_minute"`
	AudioMegabytesPerMinute *int64 `json:"max_audio_megabytes_per_1_minute"`
	RequestsPerDay          *int64 `json:"max_requests_per_1_day"`
	BatchInputTokensPerDay  *int64 `json:"batch_1_day_max_input_tokens"`
}

// others is the entry of all other models.
type others struct {
	RequestsPerMinute *int64 `json:"max_requests_per_1_minute"`
	RequestsPerDay    *int64 `json:"max_requests_per_1_day"`
}

// Parse reads the text of a file, strictly.
func Parse(text []byte) (org.Catalogue, error) {
	p := parser{text: text, d: jsontext.NewDecoder(bytes.NewReader(text))}
	if err := p.file(); err != nil {
		return org.Catalogue{}, p.explain(err)
	}
	return org.NewCatalogue(p.models, p.others)
}

type parser struct {
	text   []byte
	d      *jsontext.Decoder
	start  int64 // offset of the entry that is read
	models []org.RateLimit
	others *org.RateLimit
}

func (p *parser) file() error {
	if err := p.expect('{', "an object with the member models"); err != nil {
		return err
	}
	for p.d.PeekKind() == '"' {
		name, err := p.d.ReadToken()
		if err != nil {
			return err
		}
		p.start = p.d.InputOffset()
		switch name.String() {
		case "models":
			err = p.list()
		case "others":
			err = p.rest()
		default:
			err = p.wrong("the member %q is not known: there are models and others", name.String())
		}
		if err != nil {
			return err
		}
	}
	if err := p.expect('}', "the end of the object"); err != nil {
		return err
	}
	if p.models == nil {
		return p.wrong("the member models is missing")
	}
	if p.d.PeekKind() != 0 {
		return p.wrong("something follows the object")
	}
	return nil
}

func (p *parser) list() error {
	p.models = []org.RateLimit{}
	if err := p.expect('[', "an array of models"); err != nil {
		return err
	}
	for p.d.PeekKind() != ']' {
		var m model
		if err := p.entry(&m); err != nil {
			return err
		}
		if m.RequestsPerMinute == nil || m.TokensPerMinute == nil {
			return p.wrong("model %q lacks max_requests_per_1_minute or max_tokens_per_1_minute: both are required", m.Model)
		}
		limit, err := m.limit()
		if err == nil {
			_, err = org.NewCatalogue([]org.RateLimit{limit}, nil) // tells of a bad name here, where its line is known
		}
		if err != nil {
			return p.wrong("%w", err)
		}
		p.models = append(p.models, limit)
	}
	return p.expect(']', "the end of the array")
}

func (p *parser) rest() error {
	var o others
	if err := p.entry(&o); err != nil {
		return err
	}
	limit, err := model{Model: "others", RequestsPerMinute: o.RequestsPerMinute, RequestsPerDay: o.RequestsPerDay}.limit()
	if err != nil {
		return p.wrong("%w", err)
	}
	p.others = &limit
	return nil
}

func (m model) limit() (org.RateLimit, error) {
	limit := org.NoLimits("", m.Model)
	given := []*int64{
		m.RequestsPerMinute, m.TokensPerMinute, m.ImagesPerMinute, m.AudioMegabytesPerMinute, m.RequestsPerDay, m.BatchInputTokensPerDay,
	}
	for i, f := range limit.Fields() {
		if given[i] == nil {
			continue
		}
		if n := *given[i]; n < 0 || n > org.MaxRateLimit {
			return limit, fmt.Errorf("%s: %s is %d, expected 0 to %d", m.Model, f.Name, n, int64(org.MaxRateLimit))
		}
		*f.Value = *given[i]
	}
	return limit, nil
}

// entry reads an object and remembers where it begins.
func (p *parser) entry(into any) error {
	p.d.PeekKind() // skips nothing, but says whether there is a value
	p.start = p.d.InputOffset()
	for p.start < int64(len(p.text)) && bytes.IndexByte([]byte(" \t\r\n,:"), p.text[p.start]) >= 0 {
		p.start++
	}
	return json.UnmarshalDecode(p.d, into, json.RejectUnknownMembers(true))
}

func (p *parser) expect(kind jsontext.Kind, what string) error {
	p.start = p.d.InputOffset()
	if got := p.d.PeekKind(); got != kind && got != 0 {
		return p.wrong("expected %s", what)
	}
	_, err := p.d.ReadToken()
	return err
}

// lineError is an error with its place.
type lineError struct {
	offset int64
	err    error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

func (p *parser) wrong(format string, args ...any) error {
	return &lineError{p.start, fmt.Errorf(format, args...)}
}

// explain says where an error is, in lines from 1.
func (p *parser) explain(err error) error {
	offset := p.start
	var known *lineError
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.Is(err, io.EOF):
		err = errors.New("it is not JSON: it is empty")
	case errors.As(err, &known):
		offset, err = known.offset, known.err
	case errors.As(err, &syntactic):
		offset = syntactic.ByteOffset
		err = fmt.Errorf("it is not JSON: %w", syntactic.Err)
	case errors.As(err, &semantic):
		offset = semantic.ByteOffset
		err = p.mismatch(semantic)
	}
	offset = min(max(offset, 0), int64(len(p.text)))
	return fmt.Errorf("line %d: %w", 1+bytes.Count(p.text[:offset], []byte{'\n'}), err)
}

func (p *parser) mismatch(e *json.SemanticError) error {
	member := e.JSONPointer.LastToken()
	switch {
	case errors.Is(e.Err, json.ErrUnknownName):
		return fmt.Errorf("the member %q is not known", member)
	case e.JSONKind == '"' || e.JSONKind == '0' || e.JSONKind == '{' || e.JSONKind == '[' || e.JSONKind == 't' || e.JSONKind == 'f' || e.JSONKind == 'n':
		return fmt.Errorf("%s: a JSON %s cannot stand here", member, e.JSONKind)
	default:
		return fmt.Errorf("%s: %w", member, e.Err)
	}
}
