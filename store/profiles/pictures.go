package profiles

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"parley/store"
)

// Picture is what a user looks like, in several sizes.
type Picture struct {
	// ID names the content: another picture has another id. It is part of the
	// addresses of its files, which therefore never change.
	ID   string
	Type string // media type
	// Sizes are the files by their number of pixels a side.
	Sizes map[int][]byte
}

// pictureModel is a row of pictures.
type pictureModel struct {
	bun.BaseModel `bun:"table:pictures,alias:i"`

	UserID  string `bun:",pk"`
	Size    int64  `bun:",pk"`
	Picture string
	Type    string
	Body    []byte
}

// SetPicture makes a picture the user's, in place of one before.
func SetPicture(ctx context.Context, s *store.Store, user string, p Picture) error {
	_, err := store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		return struct{}{}, PutPicture(ctx, t, user, p)
	})
	return err
}

// RemovePicture leaves the user without one.
func RemovePicture(ctx context.Context, s *store.Store, user string) error {
	return SetPicture(ctx, s, user, Picture{})
}

// PutPicture is SetPicture inside a transaction; the zero Picture removes.
func PutPicture(ctx context.Context, t *store.Tx, user string, p Picture) error {
	var shown int64
	for _, table := range []string{"profiles", "sponsor_cards"} {
		res, err := t.DB.NewUpdate().Table(table).Set("picture = ?", p.ID).Set("updated_at = ?", t.Now.UnixMicro()).
			Where("user_id = ?", user).Exec(ctx)
		if err != nil {
			return fmt.Errorf("set picture: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return fmt.Errorf("set picture: %w", err)
		}
		shown += n
	}
	if shown == 0 {
		return missing("set picture", nil)
	}
	if _, err := t.DB.NewDelete().Table("pictures").Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("set picture: %w", err)
	}
	if len(p.Sizes) == 0 {
		return nil
	}
	rows := make([]pictureModel, 0, len(p.Sizes))
	for size, body := range p.Sizes {
		rows = append(rows, pictureModel{UserID: user, Size: int64(size), Picture: p.ID, Type: p.Type, Body: body})
	}
	if _, err := t.DB.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("set picture: %w", err)
	}
	return nil
}

// PictureFile is one size of a picture that is on show; those of flagged users are
// not found.
func PictureFile(ctx context.Context, s *store.Store, picture string, size int) (mediaType string, body []byte, err error) {
	var m pictureModel
	err = s.Reads().NewSelect().Model(&m).Column("type", "body").Join("JOIN users u ON u.id = i.user_id").
		Where("i.picture = ?", picture).Where("i.size = ?", size).Where("u.flagged_at IS NULL").Limit(1).Scan(ctx)
	return m.Type, m.Body, store.ReadError("find picture", err)
}
