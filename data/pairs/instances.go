package pairs

import (
	"fmt"
	"strings"

	"slm/data/rows"
)

// noInput is what Self-Instruct's generated tasks have where an instance has no input.
const noInput = "<noinput>"

// instances reads a task of Self-Instruct: an instruction with instances of input and output, each a pair.
func instances(row rows.Row, v any) ([]exchange, error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("field %q is %s; it must be a list of objects with input and output", "instances", rows.Describe(v))
	}
	instruction, err := row.Text("instruction")
	if err != nil {
		return nil, err
	}
	var out []exchange
	for i, v := range list {
		at := fmt.Sprintf("field %q: instance %d", "instances", i+1)
		o, ok := v.(rows.Object)
		if !ok {
			return nil, fmt.Errorf("%s is %s; it must be an object", at, rows.Describe(v))
		}
		input, err := o.Text("input")
		if err != nil {
			return nil, fmt.Errorf("%s %w", at, err)
		}
		output, err := o.Text("output")
		if err != nil {
			return nil, fmt.Errorf("%s %w", at, err)
		}
		question := strings.TrimSpace(instruction)
		if !rows.Blank(input) && strings.TrimSpace(input) != noInput {
			question += "\n" + strings.TrimSpace(input)
		}
		out = append(out, exchange{question, output, [2]string{`field "instruction"`, at}})
	}
	return out, nil
}
