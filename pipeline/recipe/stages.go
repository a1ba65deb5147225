package recipe

import (
	"fmt"

	"slm/pipeline/schema"
	"slm/stages"
	"slm/stages/all"
)

// Stages holds the sections of the stages that have one. Copies of a recipe share them.
type Stages struct {
	sections map[string]any  // pointers to structs
	off      map[string]bool // stages that the recipe leaves out though their defaults have them
}

func defaultStages() Stages {
	s := Stages{map[string]any{}, map[string]bool{}}
	for _, d := range all.Defs() {
		if d.Section != nil {
			s.sections[d.Name] = d.Section.Default()
		}
	}
	return s
}

// Fields are the sections, in the order of the stages.
func (Stages) Fields() (fields []schema.Section) {
	for _, d := range all.Defs() {
		if d.Section == nil {
			continue
		}
		f := schema.Section{Name: d.Name, Type: d.Section.Type(), Tag: schema.Tag("doc", d.Section.Doc)}
		if d.Section.Later {
			f.Tag += " " + schema.Tag("identity", Changed)
		}
		if d.Section.Off != "" {
			f.Tag += " " + schema.Tag(schema.Off, d.Section.Off)
		}
		fields = append(fields, f)
	}
	return fields
}

// Section points to the section of a stage.
func (s Stages) Section(name string) any {
	section, ok := s.sections[name]
	if !ok {
		panic(fmt.Sprintf("recipe: stage %s has no section", name))
	}
	return section
}

// Switch turns a stage off, or on again. A stage that is off by default is its defaults then: they are the same run.
func (s Stages) Switch(name string, off bool) {
	if d, _ := all.Lookup(name); off {
		s.sections[name] = d.Section.Default()
		s.off[name] = d.On == nil
	} else {
		delete(s.off, name)
	}
}

// Off reports whether the recipe leaves out a stage that others have.
func (s Stages) Off(name string) bool { return s.off[name] }

// Off implements stages.Settings.
func (r *Recipe) Off(stage string) bool { return r.Stages.Off(stage) }

// At points to the value of a key or a section, for stages.Get.
func (r *Recipe) At(path string) any {
	v, ok := schema.At(r, path)
	if !ok {
		panic(fmt.Sprintf("recipe: there is no key %q", path))
	}
	return v.Addr().Interface()
}

var _ stages.Settings = (*Recipe)(nil)
