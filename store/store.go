// Package store keeps files in an object store that speaks S3's protocol: AWS, MinIO, Ceph, R2. A file lies under its SHA-256, so that what is there already is not sent again and never changes; what does change is a small
// object, which is written on a condition: that it is still what its writer has read. A store without conditional writes is found out (Probe).
package store

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"slm/checkpoint"
)

var (
	// ErrURL marks an address that is none of a store, and an environment without credentials.
	ErrURL = errors.New("store: cannot be used")
	// ErrChanged says that an object is not what its writer has read: another process has written it.
	ErrChanged = errors.New("store: changed by another process")
	// ErrConditions says that a store does not keep the conditions of writes, so that two machines could destroy each other's work.
	ErrConditions = errors.New("store: no conditional writes")
	// ErrClock says that the store refuses this machine's clock.
	ErrClock = errors.New("store: the clocks differ")
	// ErrAccess says that the store refuses the credentials.
	ErrAccess = errors.New("store: access refused")
)

// Store is a bucket's objects below a prefix. It may be used from several goroutines.
type Store struct {
	client minio.Core
	bucket string
	prefix string // ends in a slash, or is empty
	part   int64  // bytes of a part of a large file
}

// partSize is what is sent at a time. S3 allows no less than 5 MiB, and at most 10,000 parts of a file.
const partSize = 16 << 20

// maxSmall bounds an object that is read whole. // bytes
const maxSmall = 64 << 20

// Open gives the store at s3://bucket/prefix. The environment says who asks and where: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL for another server than
// Amazon's; AWS_REGION or AWS_DEFAULT_REGION. Nothing is asked yet. ErrURL: the address is another, or credentials are missing.
func Open(address string, getenv func(string) string) (*Store, error) {
	return OpenVia(address, getenv, nil)
}

// OpenVia is Open with the requests sent in another way; nil = the usual one.
func OpenVia(address string, getenv func(string) string, transport http.RoundTripper) (*Store, error) {
	rest, ok := strings.CutPrefix(address, "s3://")
	bucket, prefix, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" || strings.ContainsAny(rest, "?#@ ") || path.Clean("/"+prefix) != "/"+strings.TrimSuffix(prefix, "/") {
		return nil, fmt.Errorf("%w: --store %s: want s3://BUCKET/PREFIX", ErrURL, address)
	}
	if prefix = strings.TrimSuffix(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	first := func(names ...string) string {
		for _, name := range names {
			if v := getenv(name); v != "" {
				return v
			}
		}
		return ""
	}
	id, secret := getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY")
	if id == "" || secret == "" {
		return nil, fmt.Errorf("%w: the environment has no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", ErrURL)
	}
	host, secure := "s3.amazonaws.com", true
	if at := first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"); at != "" {
		u, err := url.Parse(at)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.User != nil {
			return nil, fmt.Errorf("%w: AWS_ENDPOINT_URL: want http(s)://HOST[:PORT]", ErrURL)
		}
		host, secure = u.Host, u.Scheme == "https"
	}
	client, err := minio.NewCore(host, &minio.Options{
		Creds: credentials.NewStaticV4(id, secret, getenv("AWS_SESSION_TOKEN")), Secure: secure, Region: first("AWS_REGION", "AWS_DEFAULT_REGION"), Transport: transport, MaxRetries: retries,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	return &Store{client: *client, bucket: bucket, prefix: prefix, part: partSize}, nil
}

// retries is how often a request is sent: with growing pauses this takes about a minute.
const retries = 8

// String is the store's address.
func (s *Store) String() string { return "s3://" + s.bucket + "/" + strings.TrimSuffix(s.prefix, "/") }

// fail says what went wrong with an object, by the errors of this package where they fit.
func (s *Store) fail(key string, err error) error {
	if err == nil {
		return nil
	}
	kind := err
	switch r := minio.ToErrorResponse(err); {
	case r.Code == "NoSuchKey" || r.Code == "NoSuchUpload" || r.StatusCode == http.StatusNotFound && r.Code != "NoSuchBucket":
		kind = fs.ErrNotExist
	case r.Code == "PreconditionFailed" || r.Code == "ConditionalRequestConflict" || r.StatusCode == http.StatusPreconditionFailed:
		kind = ErrChanged
	case r.Code == "RequestTimeTooSkewed":
		kind = fmt.Errorf("%w: %s", ErrClock, r.Message)
	case r.Code == "NoSuchBucket":
		kind = fmt.Errorf("%w: there is no bucket %s", ErrURL, s.bucket)
	case r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized:
		kind = fmt.Errorf("%w: %s", ErrAccess, r.Code) // its text may quote the request
	}
	return fmt.Errorf("store: %s: %w", key, kind)
}

// again does what may be done twice until it succeeds, or fails in a way that will not change; minio-go tries requests again, but not replies that break off.
func (s *Store) again(ctx context.Context, do func() error) (err error) {
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		err = do()
		final := err == nil || ctx.Err() != nil || try == tries
		for _, e := range []error{fs.ErrNotExist, ErrChanged, ErrClock, ErrAccess, ErrURL, checkpoint.ErrCorrupt} {
			final = final || errors.Is(err, e)
		}
		if final {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(pause):
		}
	}
}

// tries is how often again does it, and firstPause what it waits before the second.
const (
	tries      = 5
	firstPause = 100 * time.Millisecond
)

// Get reads a small object and its version. fs.ErrNotExist: there is none.
func (s *Store) Get(ctx context.Context, key string) (data []byte, version string, err error) {
	err = s.again(ctx, func() error {
		body, info, _, err := s.client.GetObject(ctx, s.bucket, s.prefix+key, minio.GetObjectOptions{})
		if err != nil {
			return s.fail(key, err)
		}
		version = info.ETag
		data, err = io.ReadAll(io.LimitReader(body, maxSmall))
		if err = errors.Join(err, body.Close()); err != nil || int64(len(data)) != info.Size {
			return fmt.Errorf("store: %s: it ends after %d of %d bytes: %w", key, len(data), info.Size, errors.Join(err, io.ErrUnexpectedEOF))
		}
		return nil
	})
	return data, version, err
}

// Put writes a small object whole or not at all, if it is still of the version that over names; "" = if there is none. ErrChanged: it is another.
func (s *Store) Put(ctx context.Context, key string, data []byte, over string) (version string, err error) {
	var opts minio.PutObjectOptions
	if over == "" {
		opts.SetMatchETagExcept("*")
	} else {
		opts.SetMatchETag(over)
	}
	version, err = s.put(ctx, key, data, opts)
	if !errors.Is(err, ErrChanged) {
		return version, err
	}
	// A reply that was lost on its way is asked for again, and then the object is there: as what was just written.
	if now, v, gerr := s.Get(ctx, key); gerr == nil && bytes.Equal(now, data) {
		return v, nil
	}
	return "", err
}

// Set writes a small object whatever it was.
func (s *Store) Set(ctx context.Context, key string, data []byte) error {
	_, err := s.put(ctx, key, data, minio.PutObjectOptions{})
	return err
}

func (s *Store) put(ctx context.Context, key string, data []byte, opts minio.PutObjectOptions) (version string, err error) {
	opts.ContentType, opts.DisableContentSha256 = "application/octet-stream", true // which is given
	sum := md5.Sum(data)
	err = s.again(ctx, func() error {
		var body io.Reader = http.NoBody
		if len(data) > 0 {
			body = bytes.NewReader(data)
		}
		info, err := s.client.PutObject(ctx, s.bucket, s.prefix+key, body, int64(len(data)), base64.StdEncoding.EncodeToString(sum[:]), checkpoint.HashBytes(data), opts)
		version = info.ETag
		return s.fail(key, err)
	})
	return version, err
}

// List lists the keys below a folder, sorted, relative to it.
func (s *Store) List(ctx context.Context, folder string) (keys []string, err error) {
	below := s.prefix + strings.TrimSuffix(folder, "/") + "/"
	err = s.again(ctx, func() error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		keys = nil
		for o := range s.client.Client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: below, Recursive: true}) {
			if o.Err != nil {
				return s.fail(folder, o.Err)
			}
			keys = append(keys, strings.TrimPrefix(o.Key, below))
		}
		return nil
	})
	return keys, err
}
