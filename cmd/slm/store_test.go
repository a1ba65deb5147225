package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/store/storetest"
)

// stored is the environment of a program that uses a store.
func stored(endpoint string) (env []string) {
	get := storetest.Environment(endpoint)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_REGION"} {
		env = append(env, name+"="+get(name))
	}
	return append(env, "SLM_STORE=s3://"+storetest.Bucket+"/lab")
}

func TestStore_ARunGoesToAnotherMachineAndTheKeyNowhere(t *testing.T) {
	env := stored(storetest.InProcess(t))
	here, there := t.TempDir(), t.TempDir()
	trainTiny(t, here)
	call := func(dir, args string) outcome {
		t.Helper()
		o := slmEnv(t, dir, env, strings.Fields(args)...)
		if strings.Contains(o.out+o.err, storetest.Secret) {
			t.Errorf("slm %s tells the key:\n%s%s", args, o.out, o.err)
		}
		return o
	}
	for _, c := range []struct{ dir, args, want string }{
		{here, "store push tiny -v", "moved"}, {here, "store push tiny", "moved  0B"}, {there, "store list", "tiny-"}, {there, "store pull tiny -v", "moved"}, {there, "store verify tiny", "every byte"}, {there, "verify tiny", "every byte"},
	} {
		if o := call(c.dir, c.args); o.code != 0 || !strings.Contains(o.out, c.want) {
			t.Errorf("slm %s: exit %d\n%s%s", c.args, o.code, o.out, o.err)
		}
	}
	for _, dir := range []string{here, there} {
		err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), storetest.Secret) {
				t.Errorf("%s has the key", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	bad := append(append([]string{}, env...), "AWS_ENDPOINT_URL_S3=http://me:"+storetest.Secret+"@127.0.0.1:9")
	if o := slmEnv(t, here, bad, "store", "list"); o.code != 2 || strings.Contains(o.out+o.err, storetest.Secret) {
		t.Errorf("%+v", o)
	}
}
