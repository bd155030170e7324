package tell

import (
	"context"
	"fmt"
	"reflect"

	"parley/store/jobs"
)

// Agree checks that what the store remembers behind the mark tells the same as the log.
func (f *Follower) Agree(ctx context.Context) error {
	from, err := jobs.Mark(ctx, f.Store, mark)
	if err != nil {
		return err
	}
	recent, err := f.recent(ctx, from)
	if err != nil {
		return err
	}
	log, err := f.log(ctx, from)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(recent, log) {
		return fmt.Errorf("remembered\n%+v, the log has\n%+v", recent, log)
	}
	return nil
}
