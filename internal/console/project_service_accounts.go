package console

import (
	"net/http"

	"github.com/keyreeve/keyreeve/internal/org"
)

type accountsPage struct {
	inProject
	listed
	Accounts []org.ServiceAccount
}

// listServiceAccounts shows the service accounts of a project
// (list-project-service-accounts).
func (v *visit) listServiceAccounts() error {
	in, err := v.enterProject("Service accounts", "accounts")
	if err != nil {
		return err
	}
	p := accountsPage{inProject: in, listed: listed{List: in.accounts(), What: "service account"}}
	p.Accounts, err = readList(v, &p.listed, func(a org.ServiceAccount) string { return a.ID },
		func(page org.Page) (org.ListPage[org.ServiceAccount], error) {
			return v.Service.ListServiceAccounts(v.r.Context(), v.caller, p.Project.ID, page)
		},
		func(text string, page org.Page) (org.ListPage[org.ServiceAccount], error) {
			return v.Service.FindServiceAccounts(v.r.Context(), v.caller, p.Project.ID, text, page)
		})
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "accounts", p)
}

func (p inProject) accounts() string { return p.Base() + "/service-accounts" }

// newAccountPage is the form for a service account with its first key.
func (v *visit) newAccountPage() (newKeyPage, inProject, error) {
	in, err := v.changeProject("New service account", "accounts")
	if err != nil {
		return newKeyPage{}, in, err
	}
	p := v.newKey(keysOf(in.Project), "New service account", projectsSection)
	p.Action, p.Back, p.Choice = in.accounts()+"/new", in.accounts(), true
	return p, in, nil
}

func (v *visit) newServiceAccount() error {
	p, _, err := v.newAccountPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "key_new", p)
}

// createServiceAccount makes a service account, and shows the value of its key
// (create-project-service-account).
func (v *visit) createServiceAccount() error {
	p, in, err := v.newAccountPage()
	if err != nil {
		return err
	}
	lifetime := p.read(v.r.PostForm)
	if len(p.Problems) > 0 {
		return v.refuseKey(p, nil)
	}
	_, issued, commit, err := v.Service.CreateServiceAccount(v.r.Context(), v.caller, in.Project.ID, org.NewServiceAccount{
		Name: p.Name, KeyName: p.Name, WithoutKey: p.Bare, ExpiresInSeconds: lifetime,
	})
	switch {
	case err != nil:
		return v.refuseKey(p, err)
	case issued == nil:
		return v.redirect(in.accounts())
	}
	return v.showIssued(p.Scope, *issued, p.Name, commit)
}

// showIssued shows the value of a new key of a service account.
func (v *visit) showIssued(s scope, issued org.IssuedKey, account string, commit org.Commit) error {
	row := v.row(s, org.KeyView{Key: issued.Key, Owner: org.Owner{Type: org.OwnerServiceAccount, ID: issued.OwnerID, Name: account}})
	return v.showMade(s, projectsSection, row, issued.Secret, commit)
}

// theAccount reads the service account of the address, for a form.
func (v *visit) theAccount(title string) (inProject, org.ServiceAccount, error) {
	in, err := v.changeProject(title, "accounts")
	if err != nil {
		return in, org.ServiceAccount{}, err
	}
	account, err := v.Service.GetServiceAccount(v.r.Context(), v.caller, in.Project.ID, v.r.PathValue("account_id"))
	return in, account, err
}

// accountPage changes a service account.
type accountPage struct {
	inProject
	Account org.ServiceAccount
	Name    string
	Role    string
	Problem string
}

func (v *visit) accountPage() (accountPage, error) {
	in, account, err := v.theAccount("Change a service account")
	return accountPage{inProject: in, Account: account, Name: account.Name, Role: string(account.Role)}, err
}

func (v *visit) editServiceAccount() error {
	p, err := v.accountPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "account", p)
}

// updateServiceAccount changes a service account
// (update-project-service-account).
func (v *visit) updateServiceAccount() error {
	p, err := v.accountPage()
	if err != nil {
		return err
	}
	p.Name, p.Role = v.r.PostForm.Get("name"), v.r.PostForm.Get("role")
	change := org.ServiceAccountChange{Name: &p.Name}
	if p.Role != "" && p.Role != string(p.Account.Role) {
		role := org.ProjectRole(p.Role)
		change.Role = &role
	}
	_, _, err = v.Service.UpdateServiceAccount(v.r.Context(), v.caller, p.Project.ID, p.Account.ID, change)
	if text, ok := correctable(err); ok {
		p.Problem, p.Title, p.Name = text, "Not yet: "+p.Title, shown(p.Name)
		return v.render(http.StatusUnprocessableEntity, "account", p)
	} else if err != nil {
		return err
	}
	return v.redirect(p.accounts())
}

func (v *visit) accountKeyPage() (newKeyPage, inProject, org.ServiceAccount, error) {
	in, account, err := v.theAccount("New key")
	if err != nil {
		return newKeyPage{}, in, account, err
	}
	p := v.newKey(keysOf(in.Project), "New key for "+account.Name, projectsSection)
	p.Action, p.Back, p.Account = in.accounts()+"/"+account.ID+"/keys/new", in.accounts(), account.Name
	return p, in, account, nil
}

func (v *visit) newServiceAccountKey() error {
	p, _, _, err := v.accountKeyPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "key_new", p)
}

// createServiceAccountKey makes another key of a service account, and shows its
// value (CreateanAPIkeyforaserviceaccount).
func (v *visit) createServiceAccountKey() error {
	p, in, account, err := v.accountKeyPage()
	if err != nil {
		return err
	}
	lifetime := p.read(v.r.PostForm)
	if len(p.Problems) > 0 {
		return v.refuseKey(p, nil)
	}
	issued, commit, err := v.Service.CreateServiceAccountKey(v.r.Context(), v.caller, in.Project.ID, account.ID, org.NewServiceAccountKey{
		Name: &p.Name, ExpiresInSeconds: lifetime,
	})
	if err != nil {
		return v.refuseKey(p, err)
	}
	return v.showIssued(p.Scope, issued, account.Name, commit)
}

func (v *visit) removeAccountPage() (confirmPage, inProject, org.ServiceAccount, error) {
	in, account, err := v.theAccount("Remove a service account")
	return confirmPage{
		frame: in.frame, Heading: "Remove " + account.Name + "?",
		Warnings: []string{"All its keys stop working at once, on every replica.", "This cannot be undone."},
		Word:     account.Name, What: "name of the service account", Button: "Remove the service account", Back: in.accounts(),
	}, in, account, err
}

func (v *visit) askRemoveServiceAccount() error {
	p, _, _, err := v.removeAccountPage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "confirm", p)
}

// removeServiceAccount removes a service account
// (delete-project-service-account).
func (v *visit) removeServiceAccount() error {
	p, in, account, err := v.removeAccountPage()
	if err != nil {
		return err
	}
	done := donePage{Heading: "The service account is removed", Text: "The keys of " + account.Name + " are refused from now on.", Back: p.Back, Label: "See the service accounts"}
	return v.confirm(p, done, func() (org.Commit, error) {
		return v.Service.DeleteServiceAccount(v.r.Context(), v.caller, in.Project.ID, account.ID)
	})
}
