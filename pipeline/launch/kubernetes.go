package launch

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"slm/pipeline/rundir"
)

// kubernetes emits an Indexed Job whose pod of index i makes stage i of work.json, and the last one the table. Pods are started in the order of their
// indices, in which parents stand before children; one whose parents are not ready waits for them, and makes them itself if nobody does.
var kubernetes = Launcher{
	Name: "kubernetes", Means: "an Indexed Job with a pod for each stage (kubectl apply)", File: "kubernetes.yaml", Needs: "kubectl",
	Options: []Option{
		{Name: "image", Means: "image that has slm in its $PATH", Needed: true},
		{Name: "claim", Means: "PersistentVolumeClaim (ReadWriteMany) with --dir, the recipe's texts and models at the paths that they have here; needed without --store"},
		{Name: "mount", Means: "where the claim is mounted (default: --dir)"},
		{Name: "namespace", Means: "namespace of the Job"},
		{Name: "cpu", Means: "cores of a pod", Default: "4"},
		{Name: "memory", Means: "memory of a pod", Default: "4Gi"},
		{Name: "secret", Means: "Secret whose keys become variables, such as the key of an API"},
	},
	Submit: func(file string) []string { return []string{"kubectl", "apply", "-f", file} },
	Emit: func(w *Work) ([]byte, error) {
		if !quantity.MatchString(w.Set["cpu"]) || !quantity.MatchString(w.Set["memory"]) {
			return nil, fmt.Errorf("%w: --with cpu=%s, memory=%s: want quantities such as 4, 500m and 4Gi", rundir.ErrUsage, w.Set["cpu"], w.Set["memory"])
		}
		if w.Set["claim"] == "" && !w.Store {
			return nil, fmt.Errorf("%w: kubernetes needs --with claim=…, a volume that all pods share, or --store", rundir.ErrUsage)
		}
		return yaml.Marshal(w.job())
	},
}

// quantity is an amount as Kubernetes writes it.
var quantity = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$`)

// job is the Job of batch/v1, as far as it is used here.
type job struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       jobSpec  `yaml:"spec"`
}

type metadata struct {
	Name      string            `yaml:"name,omitempty"`
	Namespace string            `yaml:"namespace,omitempty"`
	Labels    map[string]string `yaml:"labels,omitempty"`
}

type jobSpec struct {
	CompletionMode       string   `yaml:"completionMode"`
	Completions          int      `yaml:"completions"`
	Parallelism          int      `yaml:"parallelism"`
	BackoffLimitPerIndex int      `yaml:"backoffLimitPerIndex"`
	Template             template `yaml:"template"`
}

type template struct {
	Metadata metadata `yaml:"metadata"`
	Spec     podSpec  `yaml:"spec"`
}

type podSpec struct {
	RestartPolicy string      `yaml:"restartPolicy"`
	Containers    []container `yaml:"containers"`
	Volumes       []volume    `yaml:"volumes"`
}

type container struct {
	Name         string    `yaml:"name"`
	Image        string    `yaml:"image"`
	Command      []string  `yaml:"command"`
	Env          []env     `yaml:"env"`
	EnvFrom      []envFrom `yaml:"envFrom,omitempty"`
	Resources    resources `yaml:"resources"`
	VolumeMounts []mount   `yaml:"volumeMounts"`
}

type env struct {
	Name      string `yaml:"name"`
	ValueFrom struct {
		FieldRef struct {
			FieldPath string `yaml:"fieldPath"`
		} `yaml:"fieldRef"`
	} `yaml:"valueFrom"`
}

type envFrom struct {
	SecretRef metadata `yaml:"secretRef"`
}

type resources struct {
	Requests map[string]string `yaml:"requests"`
	Limits   map[string]string `yaml:"limits"`
}

type volume struct {
	Name  string    `yaml:"name"`
	Claim *claim    `yaml:"persistentVolumeClaim,omitempty"`
	Own   *struct{} `yaml:"emptyDir,omitempty"`
}

type claim struct {
	Name string `yaml:"claimName"`
}

type mount struct {
	Name string `yaml:"name"`
	Path string `yaml:"mountPath"`
}

// retries is how often a pod of an index may fail before the index is given up.
const retries = 3

// job is the Job of an experiment.
func (w *Work) job() job {
	index := env{Name: "STAGE"}
	index.ValueFrom.FieldRef.FieldPath = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
	disk := volume{Name: "experiment"}
	if c := w.Set["claim"]; c != "" {
		disk.Claim = &claim{c}
	} else {
		disk.Own = &struct{}{}
	}
	command := append([]string{"slm", "worker", "--quiet"}, w.Experiment...)
	if w.Store {
		command = append(command, "--dir", w.Dir)
	}
	at := w.Set["mount"]
	if at == "" {
		at = w.Dir
	}
	c := container{
		Name: "slm", Image: w.Set["image"], Command: append(command, "--index", "$(STAGE)"), Env: []env{index},
		Resources:    resources{Requests: map[string]string{"cpu": w.Set["cpu"], "memory": w.Set["memory"]}, Limits: map[string]string{"memory": w.Set["memory"]}},
		VolumeMounts: []mount{{disk.Name, at}},
	}
	if s := w.Set["secret"]; s != "" {
		c.EnvFrom = []envFrom{{metadata{Name: s}}}
	}
	labels := map[string]string{"app.kubernetes.io/name": "slm", "app.kubernetes.io/instance": w.label()}
	n := w.Stages() + 1 // and the table
	return job{
		APIVersion: "batch/v1", Kind: "Job", Metadata: metadata{Name: "slm-" + w.label(), Namespace: w.Set["namespace"], Labels: labels},
		Spec: jobSpec{
			CompletionMode: "Indexed", Completions: n, Parallelism: min(w.Jobs, n), BackoffLimitPerIndex: retries,
			Template: template{metadata{Labels: labels}, podSpec{RestartPolicy: "Never", Containers: []container{c}, Volumes: []volume{disk}}},
		},
	}
}

var notLabel = regexp.MustCompile(`[^a-z0-9-]+`)

// label is the experiment's name in the characters that a DNS label may have.
func (w *Work) label() string {
	name := strings.Trim(notLabel.ReplaceAllString(strings.ToLower(w.Name), "-"), "-")
	return strings.TrimRight(name[:min(len(name), 50)], "-")
}
