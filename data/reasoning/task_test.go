package reasoning

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/exam"
)

// licence is a document with something for each class.
var licence = corpus.Slice{
	{ID: "L#1", Title: "L", Number: "1", Heading: "Definitions", Text: `Definitions. “Work” means the program, with all of its documentation. “You” means whoever receives the program from a contributor. Nothing else is defined.`},
	{ID: "L#2", Title: "L", Number: "2", Heading: "Termination", Text: `Termination. Your rights end if you fail to cure a breach within 30 days of becoming aware of it. Sublicenses survive the termination of this agreement.`},
	{ID: "L#3", Title: "L", Number: "3", Heading: "Source Code", Text: `Source Code. You must offer the source as Section 2 of this licence demands. The offer is made in writing to every recipient.`},
	{ID: "L#4", Title: "L", Number: "4", Heading: "Conditions", Text: `Conditions. You may distribute copies provided that (a) the notice is kept, (b) changes are marked, and (c) the warranty is disclaimed. Recipients must not remove marks.`},
	{ID: "L#5", Title: "L", Number: "5", Heading: "Elsewhere", Text: `Elsewhere. Patents are treated in Section 7 of the Copyright Act and in no other place. A fee of 5 percent or of 6 percent is due.`},
}

func made(t *testing.T, class string, opt Options) (list []Task) {
	t.Helper()
	opt.Classes, opt.Words, opt.Seed = []string{class}, 40, 7
	list, err := Make(licence, opt)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestMake_EachClassFindsItsAnswers(t *testing.T) {
	want := map[string]map[string]string{ // section: answer
		"definition": {"L#1": "the program, with all of its documentation|whoever receives the program from a contributor"},
		"amount":     {"L#2": "30 days"},
		"reference":  {"L#3": "Termination"},
		"count":      {"L#4": "3"},
	}
	for class, answers := range want {
		got := map[string]map[string]bool{}
		for _, task := range made(t, class, Options{}) {
			if got[task.Section] == nil {
				got[task.Section] = map[string]bool{}
			}
			got[task.Section][task.Answer] = true
			if !strings.Contains(task.Text, task.Answer) && class != "count" && class != "reference" {
				t.Errorf("%s: the text has no %q: %s", task.ID, task.Answer, task.Text)
			}
		}
		for section, list := range answers {
			for a := range strings.SplitSeq(list, "|") {
				if !got[section][a] {
					t.Errorf("%s of %s: %v, want %q", class, section, got[section], a)
				}
				delete(got[section], a)
			}
			if len(got[section]) > 0 {
				t.Errorf("%s of %s: %v besides", class, section, got[section])
			}
			delete(got, section)
		}
		if len(got) > 0 {
			t.Errorf("%s: %v besides", class, got)
		}
	}
}

func TestAround_OfALongSentenceTheWordsAroundTheEvidenceAreShown(t *testing.T) {
	before, after := strings.Repeat("whoever receives it ", 20), strings.Repeat(" from any other party", 20)
	sentence := before + "must pay within 30 days as Section 2 demands" + after + "."
	at := strings.Index(sentence, "30 days")
	text := around([]string{"Short.", sentence, "Short, too."}, 1, at, at+len("30 days"), 16)
	if n := words(text); !strings.Contains(text, "must pay within 30 days as Section 2") || n > 16 || n < 12 {
		t.Errorf("%d words: %q", n, text)
	}
	if text := around([]string{sentence}, 0, 0, len(sentence), 16); text != "" {
		t.Errorf("evidence longer than a text is shown as %q", text)
	}
	if text := around([]string{"Short.", "Within 30 days.", sentence}, 1, 7, 14, 16); text != "Short. Within 30 days." {
		t.Errorf("a short sentence has its neighbours: %q", text)
	}
}

func TestComparisons_TheWordStandsInTheOneThatIsAnswered(t *testing.T) {
	list := made(t, "comparison", Options{})
	letters := map[string]bool{}
	for _, task := range list {
		a, b, ok := strings.Cut(strings.TrimPrefix(task.Text, "A: "), " B: ")
		_, rest, _ := strings.Cut(task.Question, "“")
		word, _, _ := strings.Cut(rest, "”")
		in := map[string]bool{"A": strings.Contains(strings.ToLower(a), word), "B": strings.Contains(strings.ToLower(b), word)}
		if letters[task.Answer] = true; !ok || word == "" || !in[task.Answer] || in["A"] == in["B"] {
			t.Errorf("%+v", task)
		}
	}
	if len(letters) != 2 {
		t.Errorf("%d tasks have the answers %v", len(list), letters)
	}
}

func TestYesNos_ANoHasTheOppositeOfTheText(t *testing.T) {
	list := made(t, "yes-no", Options{})
	answers := map[string]int{}
	for _, task := range list {
		_, rest, _ := strings.Cut(task.Question, "“")
		stated, _, _ := strings.Cut(rest, "”")
		answers[task.Answer]++
		if said := strings.Contains(task.Text, stated); said != (task.Answer == "Yes") || !said && !strings.Contains(task.Text, strings.Fields(stated)[0]) {
			t.Errorf("%+v", task)
		}
		bare := func(s string) string { return strings.ReplaceAll(s, " not ", " ") }
		if !strings.Contains(bare(task.Text), bare(stated)) {
			t.Errorf("%q is another sentence than one of %q", stated, task.Text)
		}
	}
	if answers["Yes"] == 0 || answers["No"] == 0 {
		t.Errorf("%v", answers)
	}
}

// copies is a corpus of sections that have nothing in common but a sentence that some copy.
func copies() (list corpus.Slice) {
	for i := range 80 {
		word := func(k int) string { return fmt.Sprintf("word%c%c%c", 'a'+i%26, 'a'+i/26, 'a'+k) }
		text := fmt.Sprintf("“Term” means %s %s %s %s %s %s. The %s must %s the %s of each %s.", word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7), word(8), word(9))
		if i%4 == 0 {
			text += " “Copied” means the sentence that many sections of this corpus have in common."
		}
		list = append(list, corpus.Section{ID: fmt.Sprint("D#", i), Title: "D", Number: fmt.Sprint(i), Text: text})
	}
	return list
}

func TestMake_HeldOutSectionsAreOfNoTrainingTaskAndAskedInOtherWords(t *testing.T) {
	list, err := Make(copies(), Options{Words: 60, Dev: .2, Test: .3, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	split, asked, count := map[string]string{}, map[string]string{}, map[string]int{}
	for _, task := range list {
		if was, ok := split[task.Section]; ok && was != task.Split {
			t.Errorf("%s is in %s and in %s", task.Section, was, task.Split)
		}
		split[task.Section] = task.Split
		count[task.Split]++
		if task.Unseen != (task.Split == exam.Test) {
			t.Errorf("%+v", task)
		}
		if task.Split != exam.Train && strings.Contains(task.Work.Evidence, "that many sections") {
			t.Errorf("%s asks for what training has: %s", task.ID, task.Work.Evidence)
		}
		if task.Class == "definition" {
			asked[task.Question] += task.Split + " "
		}
	}
	for question, splits := range asked {
		if strings.Contains(splits, exam.Train) && strings.Contains(splits, exam.Test) {
			t.Errorf("%q is asked in training and in the test", question)
		}
	}
	if count[exam.Train] < 50 || count[exam.Dev] < 5 || count[exam.Test] < 5 {
		t.Errorf("%v", count)
	}
	again, err := Make(copies(), Options{Words: 60, Dev: .2, Test: .3, Seed: 1})
	if err != nil || !reflect.DeepEqual(again, list) {
		t.Errorf("made again, the tasks are others (%v)", err)
	}
}

func TestMake_DrawsAtMostSoManyOfEachClassAndSplit(t *testing.T) {
	list, err := Make(copies(), Options{Words: 60, Dev: .2, Test: .3, Seed: 1, Most: 6})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, task := range list {
		count[task.Class+" "+task.Split]++
	}
	if count["definition train"] != 6 || slices.ContainsFunc(list, func(x Task) bool { return count[x.Class+" "+x.Split] > 6 }) {
		t.Errorf("%v", count)
	}
	if _, err := Make(corpus.Slice{{ID: "z#1", Title: "z", Number: "1", Text: "第一条 为了保护"}}, Options{Words: 40}); err == nil {
		t.Error("a text in Chinese has tasks")
	}
}

func TestReply_EveryStrategyIsReadBackWithItsAnswer(t *testing.T) {
	list, err := Make(licence, Options{Words: 40, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range list {
		for _, s := range Strategies {
			reply := task.Reply(s)
			strategy, answer := Read(" " + reply + " ")
			if strategy != s || !task.Right(answer) || strings.Contains(reply, "\n") {
				t.Errorf("%s under %s: %q is read as %s, %q", task.ID, s, reply, strategy, answer)
			}
			if other, _ := Read(Opened(s, "some\nwords. Therefore: "+task.Answer)); other != s {
				t.Errorf("opened under %s, it is read as %s", s, other)
			}
		}
		if task.Right(task.Answer + " more") {
			t.Errorf("%s: more than the answer is right", task.ID)
		}
	}
}

func FuzzMake_AnyTextGivesTasksThatCanBeReadBack(f *testing.F) {
	for _, s := range licence {
		f.Add(s.Text)
	}
	f.Add("“K” means the İı: (a) x (b) y (c) z. It may “say” 5% in Section 1.")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Make(corpus.Slice{{ID: "a#1", Title: "a", Number: "1", Heading: "H", Text: text}, {ID: "a#2", Title: "a", Number: "2", Heading: "J", Text: text + " More of it."}}, Options{Words: 50})
		if err != nil {
			return
		}
		for _, task := range list {
			if task.Answer == "" || task.Question == "" || task.Text == "" {
				t.Errorf("%+v", task)
			}
			if _, answer := Read(task.Reply(Steps)); !task.Right(answer) && !strings.Contains(task.Answer, "Therefore:") {
				t.Errorf("%q of %+v", answer, task)
			}
		}
	})
}
