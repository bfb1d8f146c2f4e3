package api

// ObjectProject is the value of Project.Object.
const ObjectProject = "organization.project"

// The values of Project.Status.
const (
	ProjectActive   = "active"
	ProjectArchived = "archived"
)

// Project groups keys, people and limits for model traffic.
type Project struct {
	ID            string  `json:"id"`     // proj_…
	Object        string  `json:"object"` // ObjectProject
	Name          *string `json:"name"`
	CreatedAt     int64   `json:"created_at"`
	ArchivedAt    *int64  `json:"archived_at"` // null: active
	Status        *string `json:"status"`      // ProjectActive or ProjectArchived
	ExternalKeyID *string `json:"external_key_id"`
	Residency     string  `json:"residency,omitzero"` // GLOBAL, EU_STORAGE_PROCESSING, …
}

// ProjectCreateRequest is the body of create-project.
type ProjectCreateRequest struct {
	Name          string  `json:"name"`
	Residency     *string `json:"residency,omitzero"`
	ExternalKeyID *string `json:"external_key_id,omitzero"`
}

// ProjectUpdateRequest is the body of modify-project. What is nil stays as it
// is.
type ProjectUpdateRequest struct {
	Name          *string `json:"name,omitzero"`
	ExternalKeyID *string `json:"external_key_id,omitzero"`
}

// ProjectListParams are the query parameters of list-projects. The zero value
// asks for the first page of active projects with the default size.
type ProjectListParams struct {
	After           string // id of the last element of the page before
	Limit           *int   // 0 to 100; nil: 20
	IncludeArchived bool
}
