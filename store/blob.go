package store

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"

	"slm/checkpoint"
)

// blob is the key of a file of that SHA-256.
func blob(digest string) string { return "blobs/" + digest[:2] + "/" + digest }

// Has reports whether the store has a file of that digest and size.
func (s *Store) Has(ctx context.Context, digest string, size int64) (bool, error) {
	var info minio.ObjectInfo
	err := s.again(ctx, func() (err error) {
		info, err = s.client.StatObject(ctx, s.bucket, s.prefix+blob(digest), minio.StatObjectOptions{})
		return s.fail(blob(digest), err)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.Size == size, err
}

// Send stores the first size bytes of a file under their digest, unless they are there, and returns how many bytes were sent. A large file goes in parts: a later call goes on behind those that have arrived whole.
func (s *Store) Send(ctx context.Context, f io.ReaderAt, size int64, digest string) (sent int64, err error) {
	if has, err := s.Has(ctx, digest, size); has || err != nil {
		return 0, err
	}
	if size > s.part {
		return s.sendParts(ctx, f, size, digest)
	}
	data := make([]byte, size)
	if _, err := f.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("store: read: %w", err)
	}
	if checkpoint.HashBytes(data) != digest {
		return 0, fmt.Errorf("store: %.12s…: %w: the file is another by now", digest, checkpoint.ErrCorrupt)
	}
	return size, s.Set(ctx, blob(digest), data)
}

// sendParts is Send for a file of several parts. The store checks the MD5 of each; a file that is not of its digest is never completed.
func (s *Store) sendParts(ctx context.Context, f io.ReaderAt, size int64, digest string) (sent int64, err error) {
	key := s.prefix + blob(digest)
	upload, there, err := s.begun(ctx, key)
	if err != nil {
		return 0, err
	}
	if upload == "" {
		err = s.again(ctx, func() (err error) {
			upload, err = s.client.NewMultipartUpload(ctx, s.bucket, key, minio.PutObjectOptions{ContentType: "application/octet-stream"})
			return s.fail(blob(digest), err)
		})
		if err != nil {
			return 0, err
		}
	}
	whole, buf := sha256.New(), make([]byte, s.part)
	var parts []minio.CompletePart
	for n, at := 1, int64(0); at < size; n, at = n+1, at+s.part {
		data := buf[:min(s.part, size-at)]
		if _, err := f.ReadAt(data, at); err != nil && !errors.Is(err, io.EOF) {
			return sent, fmt.Errorf("store: read: %w", err)
		}
		whole.Write(data)
		sum := md5.Sum(data)
		etag := there[n]
		if etag != hex.EncodeToString(sum[:]) {
			var part minio.ObjectPart
			err := s.again(ctx, func() (err error) {
				part, err = s.client.PutObjectPart(ctx, s.bucket, key, upload, n, bytes.NewReader(data), int64(len(data)), minio.PutObjectPartOptions{
					Md5Base64: base64.StdEncoding.EncodeToString(sum[:]), Sha256Hex: checkpoint.HashBytes(data), DisableContentSha256: true,
				})
				return s.fail(blob(digest), err)
			})
			if err != nil {
				return sent, err
			}
			etag = part.ETag
			sent += int64(len(data))
		}
		parts = append(parts, minio.CompletePart{PartNumber: n, ETag: etag})
	}
	if hex.EncodeToString(whole.Sum(nil)) != digest {
		return sent, errors.Join(fmt.Errorf("store: %.12s…: %w: the file is another by now", digest, checkpoint.ErrCorrupt), s.client.AbortMultipartUpload(ctx, s.bucket, key, upload))
	}
	err = s.again(ctx, func() error {
		_, err := s.client.CompleteMultipartUpload(ctx, s.bucket, key, upload, parts, minio.PutObjectOptions{})
		return s.fail(blob(digest), err)
	})
	if err != nil {
		if has, herr := s.Has(ctx, digest, size); has && herr == nil { // its reply was lost, or another process has completed the same file
			return sent, nil
		}
	}
	return sent, err
}

// begun finds an upload of that key that was stopped, and the ETags of its parts by number. Which one is of no matter: a part that is not the file's is sent again.
func (s *Store) begun(ctx context.Context, key string) (upload string, parts map[int]string, err error) {
	err = s.again(ctx, func() error {
		list, err := s.client.ListMultipartUploads(ctx, s.bucket, key, "", "", "", 100)
		for _, u := range list.Uploads {
			if u.Key == key {
				upload = u.UploadID
			}
		}
		return s.fail(key, err)
	})
	if upload == "" || err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // as some servers say that there are none
		}
		return "", nil, err
	}
	parts = map[int]string{}
	for marker, more := 0, true; more; {
		err := s.again(ctx, func() error {
			page, err := s.client.ListObjectParts(ctx, s.bucket, key, upload, marker, 1000)
			for _, p := range page.ObjectParts {
				parts[p.PartNumber] = strings.Trim(p.ETag, `"`)
			}
			more = page.IsTruncated && page.NextPartNumberMarker > marker
			marker = page.NextPartNumberMarker
			return s.fail(key, err)
		})
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil, nil // somebody has just completed it
		}
		if err != nil {
			return "", nil, err
		}
	}
	return upload, parts, nil
}

// Fetch writes the file of a digest and size to a path, whole and checked, or not at all. A transfer that breaks off goes on where it was. checkpoint.ErrCorrupt: the store has other bytes; fs.ErrNotExist: it has none.
func (s *Store) Fetch(ctx context.Context, digest string, size int64, to string) (err error) {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	return s.Read(ctx, digest, size, f)
}

// Read passes the file of a digest and size to a writer, and says at the end whether it is that file.
func (s *Store) Read(ctx context.Context, digest string, size int64, to io.Writer) error {
	sum := sha256.New()
	out := &sink{to: io.MultiWriter(to, sum)}
	at, idle := int64(0), 0
	for {
		n, err := s.read(ctx, digest, size, at, out)
		at += n
		if n > 0 {
			idle = 0
		}
		switch {
		case out.err != nil:
			return fmt.Errorf("store: %w", out.err)
		case at == size && (err == nil || size > 0):
			return s.whole(sum, digest)
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, checkpoint.ErrCorrupt), errors.Is(err, ErrAccess):
			return err
		case ctx.Err() != nil:
			return fmt.Errorf("store: %w", context.Cause(ctx))
		}
		if idle++; idle == retries {
			return fmt.Errorf("store: %s: it ends after %d of %d bytes: %w", blob(digest), at, size, errors.Join(err, io.ErrUnexpectedEOF))
		}
	}
}

// sink tells an error of its writer from one of its reader.
type sink struct {
	to  io.Writer
	err error
}

func (s *sink) Write(data []byte) (n int, err error) {
	n, s.err = s.to.Write(data)
	return n, s.err
}

func (s *Store) whole(sum hash.Hash, digest string) error {
	if got := hex.EncodeToString(sum.Sum(nil)); got != digest {
		return fmt.Errorf("store: %s: %w: its SHA-256 is %.12s…", blob(digest), checkpoint.ErrCorrupt, got)
	}
	return nil
}

// read passes on what one request brings from a place on.
func (s *Store) read(ctx context.Context, digest string, size, at int64, to io.Writer) (n int64, err error) {
	var opts minio.GetObjectOptions
	if at > 0 {
		if err := opts.SetRange(at, size-1); err != nil {
			return 0, err
		}
	}
	body, info, _, err := s.client.GetObject(ctx, s.bucket, s.prefix+blob(digest), opts)
	if err != nil {
		return 0, s.fail(blob(digest), err)
	}
	if info.Size != size-at {
		return 0, errors.Join(fmt.Errorf("store: %s: %w: it has %d bytes, not %d", blob(digest), checkpoint.ErrCorrupt, info.Size+at, size), body.Close())
	}
	n, err = io.Copy(to, io.LimitReader(body, size-at))
	return n, errors.Join(err, body.Close())
}
