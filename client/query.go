package client

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// query collects the parameters of a list. The first fault stays.
type query struct {
	operation string
	values    url.Values
	err       error
}

func (k kind[T]) query() *query { return &query{operation: k.opList(), values: url.Values{}} }

func (q *query) refuse(param, format string, args ...any) {
	if q.err == nil {
		q.err = &RequestError{q.operation, param, fmt.Sprintf(format, args...)}
	}
}

// page adds a cursor and the size of a page.
func (q *query) page(after string, limit *int, least, most int) *query {
	q.cursor("after", after)
	if limit != nil {
		if *limit < least || *limit > most {
			q.refuse("limit", "must be %d to %d, is %d", least, most, *limit)
		}
		q.values.Set("limit", strconv.Itoa(*limit))
	}
	return q
}

// cursor adds an id unless it is empty.
func (q *query) cursor(param, id string) {
	if id != "" {
		q.ids(param, []string{id})
	}
}

// ids adds a parameter once for each id.
func (q *query) ids(param string, ids []string) {
	for _, id := range ids {
		if err := checkID(q.operation, param, id); err != nil && q.err == nil {
			q.err = err
		}
		q.values.Add(param, id)
	}
}

// texts adds a parameter once for each text.
func (q *query) texts(param string, texts []string) {
	for _, text := range texts {
		if text == "" || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			q.refuse(param, "has an element that is empty, or contains a control character or invalid UTF-8")
		}
		q.values.Add(param, text)
	}
}

// choice adds a parameter unless it is empty.
func (q *query) choice(param, value string, values ...string) {
	if value == "" {
		return
	}
	if !slices.Contains(values, value) {
		q.refuse(param, "%s", mustBe(values))
	}
	q.values.Set(param, value)
}

// number adds a parameter unless it is nil.
func (q *query) number(param string, n *int64) {
	if n != nil {
		q.values.Set(param, strconv.FormatInt(*n, 10))
	}
}
