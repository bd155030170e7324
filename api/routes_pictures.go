package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"parley/api/picture"
	"parley/rooms"
	"parley/store"
	"parley/store/profiles"
)

const (
	picturePath  = "/api/picture"
	picturesPath = "/pictures/"
	// picturesAtOnce is how many uploads are decoded at a time; see package picture
	// for what one costs.
	picturesAtOnce = 2
	// uploadTimeout is how long the slowest uplink may take for a whole picture.
	uploadTimeout = 90 * time.Second
)

type (
	pictureInput  struct{ RawBody []byte }
	pictureOutput struct{ Body pictureView }
)

func (s *Server) pictureRoutes() {
	tags := []string{"profiles"}
	content := make(map[string]*huma.MediaType)
	for _, name := range []string{"image/jpeg", "image/png", "image/webp"} {
		content[name] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	handle(s, huma.Operation{
		OperationID: "setPicture", Method: http.MethodPut, Path: picturePath, Tags: tags, Security: signedIn,
		Summary: "Upload one's picture: JPEG, PNG or WebP, 5 MiB and 16 megapixels at most. Its centre is kept, " +
			"nothing else of the file",
		MaxBodyBytes: picture.MaxBytes, RequestBody: &huma.RequestBody{Required: true, Content: content},
	}, s.setPicture)
	handle(s, huma.Operation{
		OperationID: "removePicture", Method: http.MethodDelete, Path: picturePath, Tags: tags, Security: signedIn,
		Summary: "Remove one's picture", DefaultStatus: http.StatusNoContent,
	}, s.removePicture)
}

// bodyLimits lets the one route that takes a picture read more than the others,
// before anything is read.
func bodyLimits(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if string(h.Method()) == http.MethodPut && string(h.RequestURI()) == picturePath {
		// A little more, so that who is just over it reads why.
		return fasthttp.RequestConfig{MaxRequestBodySize: picture.MaxBytes + picture.MaxBytes/4, ReadTimeout: uploadTimeout}
	}
	return fasthttp.RequestConfig{}
}

func (s *Server) setPicture(ctx context.Context, r *request, in *pictureInput) (*pictureOutput, error) {
	if r.who.role == rooms.Admin {
		return nil, forbidden("Admins show nothing of themselves.", "")
	}
	if err := s.limits.pictures.check(r.who.id); err != nil {
		return nil, err
	}
	made, err := s.pictures.Make(ctx, in.RawBody)
	if err != nil {
		return nil, pictureRefused(err)
	}
	err = profiles.SetPicture(ctx, s.store, r.who.id, profiles.Picture{ID: made.ID, Type: made.Type, Sizes: made.Sizes})
	if err != nil {
		return nil, found(err, "profile")
	}
	return &pictureOutput{Body: *viewPicture(made.ID)}, nil
}

// pictureRefused says what is wrong with an upload, for a person.
func pictureRefused(err error) error {
	for made, problem := range map[error]rooms.Problem{
		picture.ErrFormat: rooms.Because("picture_format", "must be a JPEG, PNG or WebP file"),
		picture.ErrBroken: rooms.Because("picture_broken", "cannot be read to its end; the file is damaged"),
		picture.ErrLarge: rooms.Because("picture_large", fmt.Sprintf("has too many pixels: at most %d million, and %d a side",
			picture.MaxPixels>>20, picture.MaxSide)).WithMax(picture.MaxSide),
		picture.ErrSmall: rooms.Because("picture_small",
			fmt.Sprintf("is too small: at least %d pixels a side", picture.MinSide)).WithMin(picture.MinSide),
	} {
		if errors.Is(err, made) {
			return invalid("picture", problem)
		}
	}
	if errors.Is(err, picture.ErrBusy) {
		return rateLimited(5 * time.Second)
	}
	return err
}

func (s *Server) removePicture(ctx context.Context, r *request, _ *struct{}) (*struct{}, error) {
	if err := profiles.RemovePicture(ctx, s.store, r.who.id); err != nil {
		return nil, found(err, "profile")
	}
	return nil, nil
}

// viewPicture are a picture's addresses; nil where there is none.
func viewPicture(id string) *pictureView {
	if id == "" {
		return nil
	}
	at := func(size int) string { return picturesPath + id + "-" + strconv.Itoa(size) }
	return &pictureView{Large: at(picture.Large), Small: at(picture.Small)}
}

// servePicture answers with a picture's file. Its address follows from its content,
// so that it is kept for ever by whoever has it.
func (s *Server) servePicture(c *fiber.Ctx) error {
	if err := s.visit(c); err != nil {
		return err
	}
	id, number, _ := strings.Cut(c.Params("file"), "-")
	size, err := strconv.Atoi(number)
	if err != nil || len(id) != 32 {
		return notFound("picture")
	}
	mediaType, body, err := profiles.PictureFile(s.ctx, s.store, strings.Clone(id), size)
	if errors.Is(err, store.ErrNotFound) {
		return notFound("picture")
	}
	if err != nil {
		return err
	}
	etag := `"` + id + "-" + number + `"`
	c.Set(fiber.HeaderETag, etag)
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderContentType, mediaType)
	// Other sites may show it, as link previews do.
	c.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if matches(c.Get(fiber.HeaderIfNoneMatch), etag) {
		return c.SendStatus(http.StatusNotModified)
	}
	return c.Send(body)
}

// matches reads an If-None-Match header.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}
