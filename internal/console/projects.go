package console

import (
	"net/http"

	"github.com/keyreeve/keyreeve/internal/org"
)

const projectsSection = "/projects"

type projectsPage struct {
	frame
	listed
	Projects []org.Project
}

// listProjects shows the projects (list-projects).
func (v *visit) listProjects() error {
	p := projectsPage{frame: v.frame("Projects", projectsSection)}
	p.listed = listed{List: projectsSection, What: "project", Archived: v.r.URL.Query().Get("archived") == "yes"}
	var err error
	p.Projects, err = readList(v, &p.listed, func(p org.Project) string { return p.ID },
		func(page org.Page) (org.ListPage[org.Project], error) {
			return v.Service.ListProjects(v.r.Context(), v.caller, org.ProjectPage{Page: page, Archived: p.Archived})
		},
		func(text string, page org.Page) (org.ListPage[org.Project], error) {
			return v.Service.FindProjects(v.r.Context(), v.caller, text, org.ProjectPage{Page: page, Archived: p.Archived})
		})
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "projects", p)
}

// projectFormPage is the form for a new project or for a changed one.
type projectFormPage struct {
	frame
	Project org.Project // zero: a new one
	Name    string
	Problem string
}

func (v *visit) newProject() error {
	return v.render(http.StatusOK, "project_form", projectFormPage{frame: v.frame("New project", projectsSection)})
}

// createProject makes a project (create-project).
func (v *visit) createProject() error {
	p := projectFormPage{frame: v.frame("New project", projectsSection), Name: v.r.PostForm.Get("name")}
	project, _, err := v.Service.CreateProject(v.r.Context(), v.caller, org.NewProject{Name: p.Name})
	if err != nil {
		return v.refuseProject(p, err)
	}
	return v.redirect(projectsSection + "/" + project.ID + "/keys")
}

func (v *visit) refuseProject(p projectFormPage, err error) error {
	text, ok := correctable(err)
	if !ok {
		return err
	}
	p.Problem, p.Title, p.Name = text, "Not yet: "+p.Title, shown(p.Name)
	return v.render(http.StatusUnprocessableEntity, "project_form", p)
}

// theProject reads the project of the address.
func (v *visit) theProject() (org.Project, error) {
	return v.Service.GetProject(v.r.Context(), v.caller, v.r.PathValue("project_id"))
}

// changeable is theProject for a form that changes it.
func (v *visit) changeable() (org.Project, error) {
	project, err := v.theProject()
	switch {
	case err != nil:
		return project, err
	case project.Default:
		return project, &problem{http.StatusUnprocessableEntity, "The Default project stays as it is", "It can be neither renamed nor archived. Make another project instead."}
	case project.ArchivedAt != 0:
		return project, errArchived
	}
	return project, nil
}

var errArchived = &problem{http.StatusUnprocessableEntity, "The project is archived", "It can be read, and not be changed any more."}

func (v *visit) editProject() error {
	project, err := v.changeable()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "project_form", projectFormPage{
		frame: v.frame("Rename the project", projectsSection), Project: project, Name: project.Name,
	})
}

// updateProject renames a project (modify-project).
func (v *visit) updateProject() error {
	project, err := v.changeable()
	if err != nil {
		return err
	}
	p := projectFormPage{frame: v.frame("Rename the project", projectsSection), Project: project, Name: v.r.PostForm.Get("name")}
	if _, _, err := v.Service.UpdateProject(v.r.Context(), v.caller, project.ID, org.ProjectChange{Name: &p.Name}); err != nil {
		return v.refuseProject(p, err)
	}
	return v.redirect(projectsSection + "/" + project.ID)
}

// confirmPage asks for a word before something ends for good.
type confirmPage struct {
	frame
	Heading  string
	Warnings []string // what will happen
	Word     string   // to type
	What     string   // it is
	Button   string
	Back     string
	Problem  string
}

// donePage says that it ended, and how far that is in force.
type donePage struct {
	frame
	Heading string
	Text    string
	Back    string
	Label   string // of the way back
	Done    confirmation
}

// confirm ends something when its word was typed.
func (v *visit) confirm(p confirmPage, done donePage, end func() (org.Commit, error)) error {
	if typed := v.r.PostForm.Get("typed"); straight(typed) != straight(p.Word) {
		p.Problem = "Type it exactly as it is shown."
		return v.render(http.StatusUnprocessableEntity, "confirm", p)
	}
	commit, err := end()
	if text, ok := correctable(err); ok {
		p.Problem = text
		return v.render(http.StatusUnprocessableEntity, "confirm", p)
	} else if err != nil {
		return err
	}
	done.frame, done.Done = p.frame, confirmationOf(commit)
	done.frame.Title = done.Heading
	return v.render(http.StatusOK, "done", done)
}

func (v *visit) archivePage() (confirmPage, org.Project, error) {
	project, err := v.changeable()
	return confirmPage{
		frame: v.frame("Archive a project", projectsSection), Heading: "Archive " + project.Name + "?",
		Warnings: []string{
			"All its keys stop working at once, on every replica, those of its service accounts included.",
			"Nothing in it can be changed any more. It stays readable.",
			"This cannot be undone.",
		},
		Word: project.Name, What: "name of the project", Button: "Archive the project", Back: projectsSection + "/" + project.ID,
	}, project, err
}

func (v *visit) askArchiveProject() error {
	p, _, err := v.archivePage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "confirm", p)
}

// archiveProject archives a project (archive-project).
func (v *visit) archiveProject() error {
	p, project, err := v.archivePage()
	if err != nil {
		return err
	}
	done := donePage{Heading: "The project is archived", Text: "The keys of " + project.Name + " are refused from now on.", Back: p.Back, Label: "See the project"}
	return v.confirm(p, done, func() (org.Commit, error) {
		_, commit, err := v.Service.ArchiveProject(v.r.Context(), v.caller, project.ID)
		return commit, err
	})
}

// projectPage shows one project.
type projectPage struct {
	inProject
	Events []sentence
}

// showProject shows one project (retrieve-project).
func (v *visit) showProject() error {
	in, err := v.enterProject("About", "about")
	if err != nil {
		return err
	}
	const shown = 10
	events, err := v.Service.ListAuditLogs(v.r.Context(), v.caller, org.AuditPage{
		AuditFilter: org.AuditFilter{Projects: []string{in.Project.ID}}, Limit: shown,
	})
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "project", projectPage{inProject: in, Events: v.sentences(events.Items)})
}
