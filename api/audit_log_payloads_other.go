package api

// The payloads of events that Keyreeve does not write, as OpenAI's log has them.

// AuditNamed is the payload of an event about a named object.
type AuditNamed struct {
	ID   string `json:"id,omitzero"`
	Name string `json:"name,omitzero"`
}

// AuditCreatedAny is AuditCreated with data that the contract does not describe.
type AuditCreatedAny struct {
	ID   string         `json:"id,omitzero"`
	Data map[string]any `json:"data,omitzero"`
}

// AuditChangedAny is AuditChanged with changes that the contract does not
// describe.
type AuditChangedAny struct {
	ID               string         `json:"id,omitzero"`
	ChangesRequested map[string]any `json:"changes_requested,omitzero"`
}

// AuditCheckpoint is a checkpoint of a fine-tuned model that a project may use.
type AuditCheckpoint struct {
	ProjectID                string `json:"project_id,omitzero"`
	FineTunedModelCheckpoint string `json:"fine_tuned_model_checkpoint,omitzero"`
}

// AuditIPAllowlist is a list of addresses that may call.
type AuditIPAllowlist struct {
	ID         string   `json:"id,omitzero"`
	Name       string   `json:"name,omitzero"`
	AllowedIPs []string `json:"allowed_ips,omitzero"`
}

// AuditIPAllowlistChange is what such a list was changed to.
type AuditIPAllowlistChange struct {
	ID         string   `json:"id,omitzero"`
	AllowedIPs []string `json:"allowed_ips,omitzero"`
}

// AuditIPAllowlistConfigs are such lists that came into force or went out of it.
type AuditIPAllowlistConfigs struct {
	Configs []AuditNamed `json:"configs,omitzero"`
}

// AuditRoleBinding ties a role to a resource.
type AuditRoleBinding struct {
	ID            string   `json:"id,omitzero"`
	RoleID        string   `json:"role_id,omitzero"`
	ResourceID    string   `json:"resource_id,omitzero"`
	ResourceType  string   `json:"resource_type,omitzero"`
	Permissions   []string `json:"permissions,omitzero"`
	WorkspaceID   string   `json:"workspace_id,omitzero"`
	ConnectorID   string   `json:"connector_id,omitzero"`
	ConnectorName string   `json:"connector_name,omitzero"`
	Enabled       bool     `json:"enabled,omitzero"`
	Source        string   `json:"source,omitzero"`
}

// AuditIdentityMapping lets an outside identity act in a project.
type AuditIdentityMapping struct {
	ID                 string         `json:"id,omitzero"`
	IdentityProviderID string         `json:"identity_provider_id,omitzero"`
	Data               map[string]any `json:"data,omitzero"`
}

// AuditIdentityMappingChange is what such a mapping was asked to become.
type AuditIdentityMappingChange struct {
	ID                 string         `json:"id,omitzero"`
	IdentityProviderID string         `json:"identity_provider_id,omitzero"`
	ChangesRequested   map[string]any `json:"changes_requested,omitzero"`
}

// AuditIdentityMappingEnd is such a mapping that was taken away.
type AuditIdentityMappingEnd struct {
	ID                 string `json:"id,omitzero"`
	IdentityProviderID string `json:"identity_provider_id,omitzero"`
	ProjectID          string `json:"project_id,omitzero"`
	ServiceAccountID   string `json:"service_account_id,omitzero"`
}

// AuditCertificate is a certificate that was deleted.
type AuditCertificate struct {
	ID          string `json:"id,omitzero"`
	Name        string `json:"name,omitzero"`
	Certificate string `json:"certificate,omitzero"` // PEM
}

// AuditCertificates are certificates that came into force or went out of it.
type AuditCertificates struct {
	Certificates []AuditNamed `json:"certificates,omitzero"`
}
