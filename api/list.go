package api

// ObjectList is the value of List.Object.
const ObjectList = "list"

// List is the cursor envelope of every list operation: Data in the order asked
// for, the ids of its first and last element (null on an empty page) and
// whether more elements follow.
type List[T any] struct {
	Object  string  `json:"object"`
	Data    []T     `json:"data"`
	FirstID *string `json:"first_id"`
	LastID  *string `json:"last_id"`
	HasMore bool    `json:"has_more"`
}

// Order is the direction of a list by creation.
type Order string

// The two directions. They are exact mirrors of each other.
const (
	OrderAscending  Order = "asc"
	OrderDescending Order = "desc"
)

// Deleted confirms that an object was deleted. Object is that of the resource:
// ObjectUserDeleted and the like.
type Deleted struct {
	Object  string `json:"object"`
	ID      string `json:"id"`
	Deleted bool   `json:"deleted"`
}
