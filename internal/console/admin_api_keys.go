package console

import (
	"net/http"

	"github.com/keyreeve/keyreeve/internal/org"
)

const adminKeysSection = "/admin-keys"

var adminScope = scope{Base: adminKeysSection}

func (v *visit) adminRow(k org.AdminAPIKey) keyRow {
	return keyRow{
		ID: k.ID, Name: k.Name, Redacted: k.Redacted, URL: adminKeysSection + "/" + k.ID, Kind: org.KindAdmin, Owner: k.Owner,
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt,
		Expired: k.ExpiresAt != 0 && k.ExpiresAt <= v.now(), Own: k.ID == v.caller.KeyID,
	}
}

// listAdminAPIKeys shows the admin keys (admin-api-keys-list).
func (v *visit) listAdminAPIKeys() error {
	p, err := v.listKeys(adminScope, inProject{frame: v.frame("Admin keys", adminKeysSection)}, func(page org.Page) (out org.ListPage[keyRow], err error) {
		keys, err := v.Service.ListAdminAPIKeys(v.r.Context(), v.caller, page)
		for _, k := range keys.Items {
			out.Items = append(out.Items, v.adminRow(k))
		}
		out.HasMore = keys.HasMore
		return out, err
	})
	if err != nil {
		return err
	}
	return v.renderList("keys", p)
}

func (v *visit) newAdminAPIKey() error {
	return v.render(http.StatusOK, "key_new", v.newKey(adminScope, "New admin key", adminKeysSection))
}

// createAdminAPIKey makes an admin key and shows its value
// (admin-api-keys-create).
func (v *visit) createAdminAPIKey() error {
	p := v.newKey(adminScope, "New admin key", adminKeysSection)
	lifetime := p.read(v.r.PostForm)
	if len(p.Problems) > 0 {
		return v.refuseKey(p, nil)
	}
	key, secret, commit, err := v.Service.CreateAdminAPIKey(v.r.Context(), v.caller, org.NewAdminAPIKey{Name: p.Name, ExpiresInSeconds: lifetime})
	if err != nil {
		return v.refuseKey(p, err)
	}
	return v.showMade(adminScope, adminKeysSection, v.adminRow(key), secret, commit)
}

// showAdminAPIKey shows one admin key (admin-api-keys-get).
func (v *visit) showAdminAPIKey() error {
	key, err := v.Service.GetAdminAPIKey(v.r.Context(), v.caller, v.r.PathValue("key_id"))
	if err != nil {
		return err
	}
	return v.showKey(adminScope, adminKeysSection, v.adminRow(key))
}

func (v *visit) revokeAdminPage() (revokeKeyPage, error) {
	key, err := v.Service.GetAdminAPIKey(v.r.Context(), v.caller, v.r.PathValue("key_id"))
	return revokeKeyPage{frame: v.frame("Revoke an admin key", adminKeysSection), Scope: adminScope, Key: v.adminRow(key)}, err
}

func (v *visit) askRevokeAdminAPIKey() error {
	p, err := v.revokeAdminPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "key_revoke", p)
}

// revokeAdminAPIKey ends an admin key (admin-api-keys-delete).
func (v *visit) revokeAdminAPIKey() error {
	p, err := v.revokeAdminPage()
	if err != nil {
		return err
	}
	return v.revokeKey(p, func() (org.Commit, error) {
		return v.Service.DeleteAdminAPIKey(v.r.Context(), v.caller, p.Key.ID)
	})
}
