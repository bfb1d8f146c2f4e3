package httpapi

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// requestPlan is what is known about a request struct before any request.
type requestPlan struct {
	path        []member
	query       []member
	queryByName map[string]int // index into query; an array has two names
	body        *member
}

// member is a struct field with its name on the wire.
type member struct {
	name     string
	index    []int
	required bool
	def      string // the value of an absent query parameter; empty: none
	shape    *shape
}

// kind is a JSON type in the words of an error message.
type kind string

const (
	kindString  kind = "a string"
	kindInteger kind = "an integer"
	kindBoolean kind = "a boolean"
	kindArray   kind = "an array"
	kindObject  kind = "an object"
)

// shape is the set of values that a member takes.
type shape struct {
	kind     kind
	nullable bool
	min, max *int64         // of an integer
	enum     []string       // of a string
	elem     *shape         // of an array
	members  []member       // of an object
	byName   map[string]int // index into members
}

// maxMembers is the size of the bit sets that remember what was given.
const maxMembers = 64

func newRequestPlan(t reflect.Type) *requestPlan {
	p := &requestPlan{queryByName: map[string]int{}}
	for _, f := range taggedFields(t, "path", "query", "body") {
		switch {
		case f.Tag.Get("path") != "":
			if f.Type.Kind() != reflect.String {
				panic(badTag(f, "a path value is a string"))
			}
			p.path = append(p.path, member{name: f.Tag.Get("path"), index: f.Index})
		case f.Tag.Get("query") != "":
			p.addQuery(f)
		default:
			p.addBody(f)
		}
	}
	return p
}

func (p *requestPlan) addQuery(f reflect.StructField) {
	name, list, _ := strings.Cut(f.Tag.Get("query"), ",")
	m := newMember(f, name, list)
	names := []string{name}
	switch m.shape.kind {
	case kindArray:
		names = append(names, name+"[]")
	case kindObject:
		panic(badTag(f, "a query parameter is no object"))
	default:
	}
	for _, n := range names {
		if _, dup := p.queryByName[n]; dup {
			panic(badTag(f, "second parameter of this name"))
		}
		p.queryByName[n] = len(p.query)
	}
	if m.shape.nullable {
		panic(badTag(f, "a query parameter is never null"))
	}
	if m.def != "" {
		if broken := m.shape.setText(reflect.New(f.Type).Elem(), m.def); broken != nil {
			panic(badTag(f, "default: "+broken(name).Error()))
		}
	}
	p.query = append(p.query, m)
	mustFit(f, p.query)
}

func (p *requestPlan) addBody(f reflect.StructField) {
	rule := f.Tag.Get("body")
	m := newMember(f, "body", "")
	m.required = rule == "required"
	switch {
	case p.body != nil:
		panic(badTag(f, "second body"))
	case m.shape.kind != kindObject:
		panic(badTag(f, "a body is a struct"))
	case !m.required && (rule != "optional" || f.Type.Kind() != reflect.Pointer):
		panic(badTag(f, "want body:\"required\", or body:\"optional\" on a pointer"))
	}
	p.body = &m
}

// newMember reads the rules in list for the field f.
func newMember(f reflect.StructField, name, list string) member {
	if name == "" {
		panic(badTag(f, "no name"))
	}
	m := member{name: name, index: f.Index, shape: newShape(f, f.Type)}
	leaf := m.shape
	if leaf.elem != nil {
		leaf = leaf.elem
	}
	for rule := range strings.SplitSeq(list, ",") {
		key, value, _ := strings.Cut(rule, "=")
		var ok bool
		switch key {
		case "":
			ok = list == ""
		case "required":
			m.required, ok = true, value == ""
		case "nullable":
			m.shape.nullable, ok = true, value == "" && (f.Type.Kind() == reflect.Pointer || f.Type.Kind() == reflect.Slice)
		case "min":
			leaf.min, ok = bound(value), leaf.kind == kindInteger
		case "max":
			leaf.max, ok = bound(value), leaf.kind == kindInteger
		case "enum":
			leaf.enum, ok = strings.Split(value, "|"), value != "" && leaf.kind == kindString
		case "default":
			m.def, ok = value, value != ""
		default:
			ok = false
		}
		if !ok {
			panic(badTag(f, "rule "+strconv.Quote(rule)))
		}
	}
	if m.required && m.def != "" {
		panic(badTag(f, "required, yet with a default"))
	}
	return m
}

func bound(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic("httpapi: bound " + strconv.Quote(s) + " is no integer")
	}
	return &n
}

// newShape maps a Go type to its shape. The field is for the panic only.
func newShape(f reflect.StructField, t reflect.Type) *shape {
	if t.Kind() == reflect.Pointer && t.Elem().Kind() != reflect.Slice { // nil says absent already
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return &shape{kind: kindString}
	case reflect.Int, reflect.Int64:
		return &shape{kind: kindInteger}
	case reflect.Bool:
		return &shape{kind: kindBoolean}
	case reflect.Slice:
		if k := t.Elem().Kind(); k == reflect.Slice || k == reflect.Pointer {
			break
		}
		return &shape{kind: kindArray, elem: newShape(f, t.Elem())}
	case reflect.Struct:
		return newObject(t)
	default:
	}
	panic(badTag(f, "type "+t.String()))
}

func newObject(t reflect.Type) *shape {
	s := &shape{kind: kindObject, byName: map[string]int{}}
	for _, f := range taggedFields(t, "json") {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		m := newMember(f, name, f.Tag.Get("bind"))
		if _, dup := s.byName[name]; dup || m.def != "" {
			panic(badTag(f, "second member of this name, or a default"))
		}
		s.byName[name] = len(s.members)
		s.members = append(s.members, m)
		mustFit(f, s.members)
	}
	return s
}

// taggedFields lists the fields of t and of its embedded structs, each of
// which must have exactly one of the tags: a field that nothing fills would be
// a bug that no one sees.
func taggedFields(t reflect.Type, tags ...string) []reflect.StructField {
	if t.Kind() != reflect.Struct {
		panic("httpapi: cannot bind to " + t.String() + ": not a struct")
	}
	var fields []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			if f.Type.Kind() != reflect.Struct {
				panic(badTag(f, "embedded, but not a struct"))
			}
			continue
		}
		found := 0
		for _, tag := range tags {
			if _, ok := f.Tag.Lookup(tag); ok {
				found++
			}
		}
		if found != 1 || !f.IsExported() {
			panic(badTag(f, "want an exported field with one tag of "+strings.Join(tags, ", ")))
		}
		fields = append(fields, f)
	}
	return fields
}

func mustFit(f reflect.StructField, list []member) {
	if len(list) > maxMembers {
		panic(badTag(f, "too many fields"))
	}
}

func badTag(f reflect.StructField, why string) string {
	return fmt.Sprintf("httpapi: field %s `%s`: %s", f.Name, f.Tag, why)
}
