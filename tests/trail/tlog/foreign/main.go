// Command foreign reads a log with golang.org/x/mod/sumdb alone, which shares no code with what wrote it:
// the checkpoint's signature, every tile that a proof needs, and the proofs that the writer made itself.
//
//	foreign DIRECTORY VKEY PROOFS
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// proofs are what the writer says; hashes are in base64.
type proofs struct {
	Inclusion []struct {
		Index int64
		Proof []tlog.Hash
	}
	Consistency []struct {
		Old   int64
		Root  tlog.Hash
		Proof []tlog.Hash
	}
}

// directory reads tiles: C2SP leaves out the height that sumdb has in its paths.
type directory string

func (d directory) Height() int { return 8 }

func (d directory) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(d), strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		found[i] = data
	}
	return found, nil
}

// entry reads one entry from its bundle.
func (d directory) entry(index, size int64) []byte {
	width := int64(256)
	if size-index/256*256 < width {
		width = size - index/256*256
	}
	tile := tlog.Tile{H: 8, L: 0, N: index / 256, W: int(width)}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(string(d), path))
	check(err)
	for i := index % 256; i > 0; i-- {
		data = data[2+binary.BigEndian.Uint16(data):]
	}
	return data[2 : 2+binary.BigEndian.Uint16(data)]
}

func main() {
	dir, vkey := directory(os.Args[1]), os.Args[2]
	verifier, err := note.NewVerifier(vkey)
	check(err)
	message, err := os.ReadFile(filepath.Join(string(dir), "checkpoint"))
	check(err)
	opened, err := note.Open(message, note.VerifierList(verifier))
	check(err)
	tree := parse(opened.Text, verifier.Name())
	reader := tlog.TileHashReader(tree, dir)

	given, err := os.ReadFile(os.Args[3])
	check(err)
	var claimed proofs
	check(json.Unmarshal(given, &claimed))
	for _, one := range claimed.Inclusion {
		leaf := tlog.RecordHash(dir.entry(one.Index, tree.N))
		check(tlog.CheckRecord(one.Proof, tree.N, tree.Hash, one.Index, leaf))
		proof, err := tlog.ProveRecord(tree.N, one.Index, reader)
		check(err)
		same(proof, tlog.RecordProof(one.Proof), "inclusion", one.Index)
	}
	for _, one := range claimed.Consistency {
		check(tlog.CheckTree(one.Proof, tree.N, tree.Hash, one.Old, one.Root))
		root, err := tlog.TreeHash(one.Old, reader)
		check(err)
		same(root, one.Root, "root", one.Old)
		proof, err := tlog.ProveTree(tree.N, one.Old, reader)
		check(err)
		same(proof, tlog.TreeProof(one.Proof), "consistency", one.Old)
	}
	fmt.Printf("size %d, signed by %s, %d other signatures, %d inclusion proofs, %d consistency proofs\n",
		tree.N, opened.Sigs[0].Name, len(opened.UnverifiedSigs), len(claimed.Inclusion), len(claimed.Consistency))
}

// parse reads a checkpoint; tlog.ParseTree knows the one of the Go checksum database only.
func parse(text, origin string) tlog.Tree {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" {
		log.Fatalf("not a checkpoint of %s: %q", origin, text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	var tree tlog.Tree
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	copy(tree.Hash[:], raw)
	tree.N = size
	return tree
}

func same(ours, theirs interface{}, what string, index int64) {
	if !reflect.DeepEqual(ours, theirs) {
		log.Fatalf("%s of %d: %v and %v", what, index, ours, theirs)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
