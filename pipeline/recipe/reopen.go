package recipe

import (
	"fmt"
	"slices"
	"strings"

	"slm/llm"
	"slm/pipeline/schema"
)

// Reopen reads the recipe of a run that is used again. Settings and environment, both as in Source, may say how its black boxes are reached: by
// their operational keys and, where address is set, by their url. That is no operational key, since another address may be another model; but
// replies are stored by address, so asking another one mixes nothing up. A setting of another key is ErrUsage; a variable of one is passed over,
// since it may be meant for the next training.
func Reopen(file string, set, env []string, address bool) (*Loaded, error) {
	r, err := Load(Source{Name: file})
	if err != nil || len(set)+len(env) == 0 {
		return r, err
	}
	boxes, _ := schema.Every[llm.Config](&r.Recipe)
	connects := func(key string) bool {
		return slices.ContainsFunc(boxes, func(box string) bool {
			return strings.HasPrefix(key, box+".") && (Operational(key) || address && key == box+".url")
		})
	}
	settings, problems := flags(set)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	for _, s := range settings {
		if err := Unknown(s.Key); err != nil {
			return nil, fmt.Errorf("%w: -s %s: %w", ErrUsage, s.Key, err)
		}
		if !connects(s.Key) {
			return nil, fmt.Errorf("%w: -s %s: that would be another run; of this one only what connects to its black box can be changed, such as llm.key_env, llm.price and llm.budget", ErrUsage, s.Key)
		}
	}
	var variables []string
	for _, v := range environment(env) {
		if connects(v.Key) {
			variables = append(variables, v.Text)
		}
	}
	return Load(Source{Name: file, Set: set, Env: variables})
}
