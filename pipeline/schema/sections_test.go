package schema

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// room is a section that is registered elsewhere.
type room struct {
	Chairs int      `yaml:"chairs" min:"1" max:"9" doc:"to sit on"`
	Doors  []string `yaml:"doors" kind:"path"`
}

func (r room) Validate() error { return nil }

// house is a struct whose fields are registered: two rooms.
type house struct{ rooms map[string]*room }

func (house) Fields() []Section {
	return []Section{
		{Name: "hall", Type: reflect.TypeFor[room](), Tag: Tag("doc", "the hall")},
		{Name: "attic", Type: reflect.TypeFor[room](), Tag: Tag("doc", "the attic") + " " + Tag("identity", "none")},
	}
}
func (h house) Section(name string) any { return h.rooms[name] }

// town has a house with registered rooms, and a field of its own.
type town struct {
	Name  string `yaml:"name" identity:"none"`
	House house  `yaml:"house" doc:"rooms"`
}

func newTown() *town {
	return &town{House: house{map[string]*room{"hall": {Chairs: 2}, "attic": {Chairs: 1}}}}
}

func TestSections_RegisteredFieldsAreReadCheckedAndDescribed(t *testing.T) {
	into := newTown()
	layer, problems := File("recipe", "t.yaml", []byte("name: x\nhouse:\n  hall: {chairs: 4, doors: [a, b]}\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	origins, problems := Decode(into, layer)
	if hall := into.House.rooms["hall"]; len(problems) > 0 || hall.Chairs != 4 || len(hall.Doors) != 2 || into.House.rooms["attic"].Chairs != 1 {
		t.Errorf("%+v, %v", hall, problems)
	}
	if origins["house.hall.chairs"].Line != 3 {
		t.Errorf("%+v", origins)
	}
	text, err := YAML(into, newTown(), nil)
	if want := "name: x\nhouse:\n  hall:\n    chairs: 4\n    doors: [a, b]\n  attic:\n    chairs: 1\n"; err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
	for text, want := range map[string]string{
		"house: {hall: {chair: 4}}\n":   `did you mean "chairs"?`,
		"house: {hal: {chairs: 4}}\n":   `did you mean "hall"? (house has: hall, attic)`,
		"house: {hall: {chairs: 12}}\n": "house.hall.chairs",
		"chairs: 3\n":                   "it belongs into house.hall",
	} {
		layer, _ := File("recipe", "t.yaml", []byte(text))
		if _, problems := Decode(newTown(), layer); len(problems) != 1 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("%q: %v, want %q", text, problems, want)
		}
	}
	var described []string
	for _, k := range Describe(newTown()) {
		described = append(described, k.Path)
	}
	if want := []string{"name", "house", "house.hall", "house.hall.chairs", "house.hall.doors", "house.attic", "house.attic.chairs", "house.attic.doors"}; !slices.Equal(described, want) {
		t.Errorf("%v", described)
	}
	rooms := JSONSchema(newTown())["properties"].(map[string]any)["house"].(map[string]any)["properties"].(map[string]any)
	if hall := rooms["hall"].(map[string]any); len(rooms) != 2 || hall["description"] != "the hall" || hall["properties"].(map[string]any)["chairs"].(map[string]any)["default"] != 2 {
		t.Errorf("%v", rooms)
	}
}

func TestAt_FindsValuesAndSections(t *testing.T) {
	of := newTown()
	v, ok := At(of, "house.hall.chairs")
	if !ok || v.Int() != 2 {
		t.Fatal(v, ok)
	}
	v.SetInt(5)
	if of.House.rooms["hall"].Chairs != 5 {
		t.Error("what At finds is a copy")
	}
	if s, ok := At(of, "house.attic"); !ok || s.Addr().Interface() != any(of.House.rooms["attic"]) {
		t.Error("the section is another one")
	}
	for _, path := range []string{"", "house.cellar", "house.hall.chairs.legs", "name.x"} {
		if _, ok := At(of, path); ok {
			t.Errorf("there is a %q", path)
		}
	}
}

func TestTagged_ListsAMarkedSectionAlone(t *testing.T) {
	if got := Tagged(newTown(), "identity", "none"); !slices.Equal(got, []string{"name", "house.attic"}) {
		t.Errorf("%v", got)
	}
	if got := Tagged(newTown(), "kind", "path"); !slices.Equal(got, []string{"house.hall.doors", "house.attic.doors"}) {
		t.Errorf("%v", got)
	}
}

// engine is a section that may be absent, with defaults of its own.
type engine struct {
	Fuel string `yaml:"fuel" doc:"what it burns"`
	Size int    `yaml:"size" doc:"litres"`
}

func (e *engine) SetDefaults() { *e = engine{"petrol", 2} }

type car struct {
	Main   engine  `yaml:"main" doc:"the one that it has"`
	Second *engine `yaml:"second" doc:"one more"`
	Trunk  struct {
		Third *engine `yaml:"third" doc:"yet one"`
	} `yaml:"trunk" doc:"behind"`
}

func TestDefaulted_AbsentSectionHasItsDefaultsWhereItIsNamed(t *testing.T) {
	var c car
	layer, problems := File("recipe", "r.yaml", []byte("second: {size: 3}\n"))
	if _, more := Decode(&c, layer); problems != nil || more != nil {
		t.Fatal(problems, more)
	}
	if c.Second == nil || *c.Second != (engine{"petrol", 3}) || c.Trunk.Third != nil {
		t.Errorf("%+v", c.Second)
	}
	for _, k := range Describe(&car{}) {
		if want := map[string]string{"second.fuel": "petrol", "trunk.third.size": "2"}[k.Path]; want != "" && k.Value != want {
			t.Errorf("%s is %s", k.Path, k.Value)
		}
	}
	text, err := YAML(&c, &car{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var again car
	layer, problems = File("recipe", "r.yaml", text)
	if _, more := Decode(&again, layer); problems != nil || more != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("%s is read as %+v: %v %v", text, again, problems, more)
	}
	c.Trunk.Third = &engine{}
	if paths, sections := Every[engine](&c); !reflect.DeepEqual(paths, []string{"main", "second", "trunk.third"}) || sections[1] != c.Second || sections[2] != c.Trunk.Third {
		t.Errorf("%v %v", paths, sections)
	}
}

// cabin is a house one of whose rooms may be the word off.
type cabin struct {
	house
	off map[string]bool
}

func (c cabin) Fields() []Section {
	f := c.house.Fields()
	f[0].Tag += " " + Tag(Off, "one comes in through the attic")
	return f
}

func (c cabin) Switch(name string, off bool) {
	if c.off[name] = off; off {
		*c.rooms[name] = room{Chairs: 2}
	}
}
func (c cabin) Off(name string) bool { return c.off[name] }

func TestSwitched_SectionIsTheWordOffUntilALaterLayerGivesItAField(t *testing.T) {
	type land struct {
		House cabin `yaml:"house" doc:"rooms"`
	}
	empty := func() *land { return &land{cabin{newTown().House, map[string]bool{}}} }
	read := func(texts ...string) (*land, map[string]Origin, Problems) {
		into, layers := empty(), []*Layer{}
		for _, text := range texts {
			if key, value, ok := strings.Cut(text, "="); ok {
				layers = append(layers, Settings("-s", []Setting{{Place: "-s", Text: text, Key: key, Value: value, At: len(key) + 1, Index: 1}})...)
				continue
			}
			l, problems := File("recipe", "t.yaml", []byte(text))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			layers = append(layers, l)
		}
		origins, problems := Decode(into, layers...)
		return into, origins, problems
	}
	for _, texts := range [][]string{{"house: {hall: off}\n"}, {"house.hall=off"}, {"house: {hall: {chairs: 7}}\n", "house.hall=off"}} {
		into, origins, problems := read(texts...)
		if _, named := origins["house.hall.chairs"]; len(problems) > 0 || !into.House.off["hall"] || into.House.rooms["hall"].Chairs != 2 || named || origins["house.hall"].File == "" {
			t.Errorf("%q: %+v, %v, %v", texts, into.House.rooms["hall"], origins, problems)
		}
		if text, err := YAML(into, empty(), nil); err != nil || string(text) != "house:\n  hall: off\n  attic:\n    chairs: 1\n" {
			t.Errorf("%q: %s, %v", texts, text, err)
		}
		if got := Tree(into, nil).(map[string]any)["house"].(map[string]any)["hall"]; got != Off {
			t.Errorf("%q: %v", texts, got)
		}
	}
	for _, texts := range [][]string{{"house: {hall: off}\n", "house: {hall: {chairs: 7}}\n"}, {"house: {hall: off}\n", "house.hall.chairs=7"}} {
		if into, _, problems := read(texts...); len(problems) > 0 || into.House.off["hall"] || into.House.rooms["hall"].Chairs != 7 {
			t.Errorf("%q: %+v, %v", texts, into.House, problems)
		}
	}
	if _, _, problems := read("house: {attic: off}\n"); len(problems) != 1 {
		t.Errorf("a section that may not be off: %v", problems)
	}
	for _, k := range Describe(empty()) {
		if k.Path == "house.hall" && k.Meaning != "the hall; off = one comes in through the attic" {
			t.Errorf("%s", k.Meaning)
		}
	}
}
