package exam

import "testing"

func TestGuard_KnowsHeldOutQuestionsAndTheirNearCopies(t *testing.T) {
	g := NewGuard([]Item{
		{ID: "a", Split: Test, Question: "Can I sublicense software that I received under Apache 2.0?"},
		{ID: "b", Split: Dev, Question: "离婚后孩子由谁抚养?"},
		{ID: "c", Split: Train, Question: "Must I name the authors?"},
	})
	for question, want := range map[string]string{
		"can I\tsublicense  software that I received under APACHE 2.0?": "a",
		"Can I sublicense software which I received under Apache 2.0?":  "a",
		"离婚以后孩子由谁来抚养?":                                                  "b",
		"May I sublicense it?":                                          "",
		"Must I name the authors?":                                      "",
		"":                                                              "",
	} {
		if item, near := g.Near(question); item != want || near != (want != "") {
			t.Errorf("%q: %q, %v", question, item, near)
		}
	}
	if _, ok := g.Holds("Can I sublicense software which I received under Apache 2.0?"); ok {
		t.Error("a near copy is the question itself")
	}
}
