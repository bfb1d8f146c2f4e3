package api

// AuditLogPayload says what happened, in the member named like the event's
// type. It has all members of the contract, so that OpenAI's own log can be read
// as well; Keyreeve fills those of its event types.
type AuditLogPayload struct {
	APIKeyCreated                *AuditCreated[AuditScopes]                   `json:"api_key.created,omitzero"`
	APIKeyUpdated                *AuditChanged[AuditScopes]                   `json:"api_key.updated,omitzero"`
	APIKeyDeleted                *AuditObject                                 `json:"api_key.deleted,omitzero"`
	CheckpointPermissionCreated  *AuditCreated[AuditCheckpoint]               `json:"checkpoint.permission.created,omitzero"`
	CheckpointPermissionDeleted  *AuditObject                                 `json:"checkpoint.permission.deleted,omitzero"`
	ExternalKeyRegistered        *AuditCreatedAny                             `json:"external_key.registered,omitzero"`
	ExternalKeyRemoved           *AuditObject                                 `json:"external_key.removed,omitzero"`
	GroupCreated                 *AuditCreated[AuditGroup]                    `json:"group.created,omitzero"`
	GroupUpdated                 *AuditChanged[AuditGroup]                    `json:"group.updated,omitzero"`
	GroupDeleted                 *AuditObject                                 `json:"group.deleted,omitzero"`
	SCIMEnabled                  *AuditObject                                 `json:"scim.enabled,omitzero"`
	SCIMDisabled                 *AuditObject                                 `json:"scim.disabled,omitzero"`
	InviteSent                   *AuditCreated[AuditInvite]                   `json:"invite.sent,omitzero"`
	InviteAccepted               *AuditObject                                 `json:"invite.accepted,omitzero"`
	InviteDeleted                *AuditObject                                 `json:"invite.deleted,omitzero"`
	IPAllowlistCreated           *AuditIPAllowlist                            `json:"ip_allowlist.created,omitzero"`
	IPAllowlistUpdated           *AuditIPAllowlistChange                      `json:"ip_allowlist.updated,omitzero"`
	IPAllowlistDeleted           *AuditIPAllowlist                            `json:"ip_allowlist.deleted,omitzero"`
	IPAllowlistConfigActivated   *AuditIPAllowlistConfigs                     `json:"ip_allowlist.config.activated,omitzero"`
	IPAllowlistConfigDeactivated *AuditIPAllowlistConfigs                     `json:"ip_allowlist.config.deactivated,omitzero"`
	LoginSucceeded               map[string]any                               `json:"login.succeeded,omitzero"`
	LoginFailed                  *AuditLoginFailure                           `json:"login.failed,omitzero"`
	LogoutSucceeded              map[string]any                               `json:"logout.succeeded,omitzero"`
	LogoutFailed                 *AuditLoginFailure                           `json:"logout.failed,omitzero"`
	OrganizationUpdated          *AuditChanged[AuditOrganizationChange]       `json:"organization.updated,omitzero"`
	ProjectCreated               *AuditCreated[AuditProject]                  `json:"project.created,omitzero"`
	ProjectUpdated               *AuditChanged[AuditProjectChange]            `json:"project.updated,omitzero"`
	ProjectArchived              *AuditObject                                 `json:"project.archived,omitzero"`
	ProjectDeleted               *AuditObject                                 `json:"project.deleted,omitzero"`
	RateLimitUpdated             *AuditChanged[ProjectRateLimitUpdateRequest] `json:"rate_limit.updated,omitzero"`
	RateLimitDeleted             *AuditObject                                 `json:"rate_limit.deleted,omitzero"`
	RoleCreated                  *AuditRole                                   `json:"role.created,omitzero"`
	RoleUpdated                  *AuditChanged[AuditRoleChange]               `json:"role.updated,omitzero"`
	RoleDeleted                  *AuditObject                                 `json:"role.deleted,omitzero"`
	RoleAssignmentCreated        *AuditRoleAssignment                         `json:"role.assignment.created,omitzero"`
	RoleAssignmentDeleted        *AuditRoleAssignment                         `json:"role.assignment.deleted,omitzero"`
	RoleBoundToResource          *AuditRoleBinding                            `json:"role.bound_to_resource,omitzero"`
	RoleUnboundFromResource      *AuditRoleBinding                            `json:"role.unbound_from_resource,omitzero"`
	ServiceAccountCreated        *AuditCreated[AuditMember]                   `json:"service_account.created,omitzero"`
	ServiceAccountUpdated        *AuditChanged[AuditMember]                   `json:"service_account.updated,omitzero"`
	ServiceAccountDeleted        *AuditObject                                 `json:"service_account.deleted,omitzero"`
	IdentityProviderCreated      *AuditCreatedAny                             `json:"workload_identity_provider.created,omitzero"`
	IdentityProviderUpdated      *AuditChangedAny                             `json:"workload_identity_provider.updated,omitzero"`
	IdentityProviderDeleted      *AuditNamed                                  `json:"workload_identity_provider.deleted,omitzero"`
	IdentityMappingCreated       *AuditIdentityMapping                        `json:"workload_identity_provider_mapping.created,omitzero"`
	IdentityMappingUpdated       *AuditIdentityMappingChange                  `json:"workload_identity_provider_mapping.updated,omitzero"`
	IdentityMappingDeleted       *AuditIdentityMappingEnd                     `json:"workload_identity_provider_mapping.deleted,omitzero"`
	UserAdded                    *AuditCreated[AuditMember]                   `json:"user.added,omitzero"`
	UserUpdated                  *AuditChanged[AuditMember]                   `json:"user.updated,omitzero"`
	UserDeleted                  *AuditObject                                 `json:"user.deleted,omitzero"`
	CertificateCreated           *AuditNamed                                  `json:"certificate.created,omitzero"`
	CertificateUpdated           *AuditNamed                                  `json:"certificate.updated,omitzero"`
	CertificateDeleted           *AuditCertificate                            `json:"certificate.deleted,omitzero"`
	CertificatesActivated        *AuditCertificates                           `json:"certificates.activated,omitzero"`
	CertificatesDeactivated      *AuditCertificates                           `json:"certificates.deactivated,omitzero"`
}

// AuditObject is the payload of an event that an id says all of.
type AuditObject struct {
	ID string `json:"id,omitzero"`
}

// AuditCreated is the payload of an object's first event.
type AuditCreated[D any] struct {
	ID   string `json:"id,omitzero"`
	Data *D     `json:"data,omitzero"`
}

// AuditChanged is the payload of an event that changes an object: what was
// asked for, not what was there before.
type AuditChanged[C any] struct {
	ID               string `json:"id,omitzero"`
	ChangesRequested *C     `json:"changes_requested,omitzero"`
}

// AuditScopes are what a key may do.
type AuditScopes struct {
	Scopes []string `json:"scopes,omitzero"`
}

// AuditInvite is whom an invite asks to be what.
type AuditInvite struct {
	Email string `json:"email,omitzero"`
	Role  string `json:"role,omitzero"`
}

// AuditMember is what a user or a service account is.
type AuditMember struct {
	Role string `json:"role,omitzero"`
}

// AuditProject is a project as it was made. The title is what people see.
type AuditProject struct {
	Name  string `json:"name,omitzero"`
	Title string `json:"title,omitzero"`
}

// AuditProjectChange is a project's new title.
type AuditProjectChange struct {
	Title string `json:"title,omitzero"`
}

// AuditOrganizationChange is what the organization was asked to become. In
// Keyreeve's log it has a description alone, one of the HostActions.
type AuditOrganizationChange struct {
	Title                    string `json:"title,omitzero"`
	Description              string `json:"description,omitzero"`
	Name                     string `json:"name,omitzero"`
	ThreadsUIVisibility      string `json:"threads_ui_visibility,omitzero"`
	UsageDashboardVisibility string `json:"usage_dashboard_visibility,omitzero"`
	APICallLogging           string `json:"api_call_logging,omitzero"`
	APICallLoggingProjectIDs string `json:"api_call_logging_project_ids,omitzero"`
}

// AuditLoginFailure is why somebody could not sign in or out.
type AuditLoginFailure struct {
	ErrorCode    string `json:"error_code,omitzero"`
	ErrorMessage string `json:"error_message,omitzero"`
}

// AuditGroup is a group of users.
type AuditGroup struct {
	GroupName string `json:"group_name,omitzero"`
}

// AuditRole is a role as it was made.
type AuditRole struct {
	ID           string   `json:"id,omitzero"`
	RoleName     string   `json:"role_name,omitzero"`
	Permissions  []string `json:"permissions,omitzero"`
	ResourceType string   `json:"resource_type,omitzero"`
	ResourceID   string   `json:"resource_id,omitzero"`
}

// AuditRoleChange is what a role was asked to become.
type AuditRoleChange struct {
	RoleName           string         `json:"role_name,omitzero"`
	ResourceID         string         `json:"resource_id,omitzero"`
	ResourceType       string         `json:"resource_type,omitzero"`
	PermissionsAdded   []string       `json:"permissions_added,omitzero"`
	PermissionsRemoved []string       `json:"permissions_removed,omitzero"`
	Description        string         `json:"description,omitzero"`
	Metadata           map[string]any `json:"metadata,omitzero"`
}

// AuditRoleAssignment is a role that a principal has on a resource: that of a
// member of a project, for one.
type AuditRoleAssignment struct {
	ID            string `json:"id,omitzero"`
	PrincipalID   string `json:"principal_id,omitzero"`
	PrincipalType string `json:"principal_type,omitzero"` // user, service_account or group
	ResourceID    string `json:"resource_id,omitzero"`
	ResourceType  string `json:"resource_type,omitzero"` // project, …
}
