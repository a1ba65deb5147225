package recipe

import (
	"fmt"

	"slm/pipeline/schema"
	"slm/stages"
	"slm/stages/all"
)

// Stages holds the sections of the stages that have one. Copies of a recipe share them.
type Stages struct{ sections map[string]any } // pointers to structs

func defaultStages() Stages {
	s := Stages{map[string]any{}}
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

// At points to the value of a key or a section, for stages.Get.
func (r *Recipe) At(path string) any {
	v, ok := schema.At(r, path)
	if !ok {
		panic(fmt.Sprintf("recipe: there is no key %q", path))
	}
	return v.Addr().Interface()
}

var _ stages.Settings = (*Recipe)(nil)
