// Made by scripts/golden/classes.py from tokenizers 0.23.3 (Oniguruma, Unicode 16); do not edit.

package tokenizer

// categoryRuns is the category of each character, in runs: a letter (a is Lu, then Ll, Lt, Lm, Lo, M, N, P, S; . is none of them), and how many characters have it, where it is not one.
const categoryRuns = "" +
	".33h3ih6ih4g10h2i3h2a26h3ihib26hihi.34hi5hi2ehi.i4g2ibh2igehg3ha23ia7b24ib8abababababababababababababababababababababababababababab2abababab" +
	"abababab2abababababababababababababababababababababababa2babab3a2baba2ba3b2a4ba2ba3b3a2ba2bababa2bab2aba2ba3baba2b2eab3e4acbacbacbababababab" +
	"ababab2ababababababababab2acbaba3bababababababababababababababababababababababababababababab7a2ba2b2aba4babababab69eb27d18i4d12i14d5i7didi17" +
	"f112ababdiab.2db3ha.4i2aha3.a.a2ba17.a9b35ab2a3b3abababababababababababab5abiaba2b2a51b48abababababababababababababababababif7ababababababab" +
	"ababababababababababababababababababababa2babababababab2abababababababababababababababababababababababababababababababababababababababababab" +
	"abababababab.a38.2dh6b41h2.2i3.f45hfhf2hf2hf.8e27.4e4h2.17i3h2ih2i2f11h.h3e32de10f21g10h4e2fe99hef7.if6d2f2if4e2g10e3i2eh14.2efe30f27.2e89f1" +
	"1e.14g10e33f9d2ih3d.2fi2e22f4df9df3df5.2h15.e25f3.2h.e11.5e24ie6.8f9e41df24.f33e54f3ef18ef7e10f2h2g10hde15f3.e8.2e2.2e22.e7.e.3e4.2fef7.2f2." +
	"2f3e.8f.4e2.e3f2.2g10e2i2g6i2ehf.2f3.e6.4e2.2e22.e7.e2.e2.e2.2f.f5.4f2.2f3.3f.7e4.e.7g10f2e3fh.10f3.e9.e3.e22.e7.e2.e5.2fef8.f3.f3.2e.15e2f2" +
	".2g10hi.7ef6.f3.e8.2e2.2e22.e7.e2.e5.2fef7.2f2.2f3.7f3.4e2.e3f2.2g10ieg6.10fe.e6.3e3.e4.3e2.e.e2.3e2.3e3.3e12.4f5.3f3.f4.2e.6f.14g13i8.5f5e8" +
	".e3.e23.e16.2fef7.f3.f4.7f2.e3.2e.2e2f2.2g10.7hg7ief3he8.e3.e23.e10.e5.2fef7.f3.f4.7f2.6e2.e2f2.2g10.e2f.12f4e9.e3.e41f2ef7.f3.f4ei.4e3fg7e3" +
	"f2.2g19ie6.f3.e18.3e24.e9.e.2e7.3f.4f6.f.f8.6g10.2f2h.12e48fe2f7.4ie6df8hg10h2.37e2.e.e5.e24.e.e10fe2f9e.2e5.d.f7.g10.2e4.32ei3h15ihi3f2i6g2" +
	"0ifififh4f2e8.e36.4f20hf2e5f11.f36.i8fi6.i2h5i4h2.37e43f20eg10h6e6f4e4f3ef3e2f7e3f4e13f12efg10f4i2a38.a.5a.2b43hdb3e329.e4.2e7.e.e4.2e41.e4." +
	"2e33.e4.2e7.e.e4.2e15.e57.e4.2e67.2f3h9g20.3e16i10.6a86.2b6.2he620ihe17.e26h2.3e75h3g3e8.7e18f4.9e19f3h2.9e18f2.12e13.e3.f2.12e52f32h3dh3ief" +
	".2g10.6g10.6h11f3.fg10.6e35de53.7e5f2e34fe.5e70.10e31.f12.4f12.4i.3h2g10e30.2e5.11e44.4e26.6g11.3i34e23f5.2h2e53f10.f29.2fg10.6g10.6h7dh6.2f" +
	"31.49f5e47f17e8.h2g10h7i10f9i9h3f3e30f13e2g10e44f14.8h4e36f20.3h5g10.3e3g10e30d6h2b9ab.5a43.2a3h8.8f3hf21e4fe6fe2f3e.5b44d63b13db34d37f64aba" +
	"babababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababa" +
	"bababab9ababababababababababababababababababababababababababababababababababababababababababababababababab9a8b6.2a6.2b8a8b8a8b6.2a6.2b8.a.a." +
	"a.ab8a8b14.2b8c8b8c8b8c8b5.b2a4cibi3b3.b2a4ci3b4.2b2a4.i3b8a5i3.2b3.b2a4ci2.17h24.8h20ih13ih12.17gd.2g6i3h2dg10i3h2.d13.3i33.15f33.15i2ai4ai" +
	"2ba3b2a3biai3a5i6aiaiaia4iba4be4bi2b2a2i5ab4i4big51abg5i2.4i376h4i29h2i255.22i11.21g60i78g22i616h14g30i49h2i31h10i403h22i63h4i32h2i374.2i32." +
	"i105a48b48aba3b2abababa4bab2ab6d2a3bababababababababababababababababababababababababababababababababababababababababababababababababab2i6aba" +
	"bf3ab.5h4gh2b38.b.5b.2e56.7dh.14fe23.9e7.e7.e7.e7.e7.e7.e7.e7.f32h47dh32i2h12.34i26.i89.12i214.26i16.h3idegh10i2h12ig9f6hd5i2g3dehi2.e86.2f2" +
	"i2d2ehe90hd3e.5e43.e94.i2g4i10e32i38.9ie16i31.g10i30g8ig15i32g10i39g15i320e6592i64e21013de1143.3i55.9e40d6h2e268dh3e16g10e2.20ababababababab" +
	"ababababababababababababababababef4hf10hdababababababababababababababd2f2e70g10f2h6.8i23d9i2ababababababab3ababababababababababababababababa" +
	"bababababababababababababababdb8ababa2bababababdi2ababeabab3ababababababababababa5ba5babababababababa4baba2b.2ab.b.babababa.21d3abed2be7fe3f" +
	"e4fe23f5i4f.3g6i4.6e52h4.8f2e50f18.8h2g10.6f18e6h3ehe2fg10e28f8h2e23f13.11he29.3f4e47f14h13.dg10.4h2e5fde9g10e5.e41f14.9e3fe8f2.2g10.2h4e16d" +
	"e6i3ef3e50fef3e2f2e5f2efe.24e2dh2e11f5h2ed2f2.10e6.2e6.2e6.9e7.e7.b43id4b9di2.4b80e35f8hf2.2g10.6e11172.12e23.4e49.8452e366.2e106.38b7.12b5." +
	"5efe10ie13.e5.e.e2.e2.e108i17.16e363h2i16e64.2e54.7i.32e12i4f16h10.6f16h35.h14ihi3.hih2.4e5.e135.4h3ih6ih4g10h2i3h2a26h3ihib26hihih7e10de45d" +
	"2e31.3e6.2e6.2e6.2e3.3i7.i7.13i2.2e12.e26.e19.e2.e15.2e14.34e123.5h3.4g45.3i9g57i17g2i3.i13.3i.47i45f.130e29.3e49.15fg27.4e32g4.9e20ge8g.5e3" +
	"8f5.5e30.he36.4e8hg5.42a40b40e78.2g10.6a36.4b36.4e40.8e52.11ha11.a15.a7.a2.b11.b15.b7.b2.3e52.12e311.9e22.10e8.24d6.d42.d9.69e6.2e.e44.e2.3e" +
	".2e23.hg8e23i2g7e31.8g9.48e19.e2.5g5e22g6.3he26.5h.64e56.4g2e2g16.2g46ef3.f2.5f4e4.e3.e29.2f3.4fg9.7h9.7e29g2he29g3.32e8ie28f2.4g5h7.9e54.3h" +
	"7e22.2g8e19.5g8e18.7h4.12g7.80e73.55a51.13b51.7g6e36f4.8g10.6g10e4dea22.3f5hdb22.8i2.208g31.e42.f2h.2e2.16e3.55f4e29g10e.8e22f11g4h5.22e18f4" +
	"h4.38e21g7.20e23.9f3e53f15h7.4g30fe2f2e.9f4e45f11h2.h4f.13e25.7g10.6f3e36f14.g10h4ef2e.8e35fh2e.9f3e48f14e4h4f4hf2g10eheh3.g20.11e18.e25f12h" +
	"6fe2f.62e7.e.e4.e15.e10h.6e47f12.5g10.6f4.e8.2e2.2e22.e7.e2.e5.f2ef7.2f2.2f3.2e.6f.5e5f2.2f7.3f5.11e10.e.2e.e38.ef9.f.2f.f4.f5efeh2.h2.8f2.2" +
	"9e53f18e4h5g10h2.hfe3.30e48f20e2he.8g10.166e47f7.2f9h23e4f2.34e48f17h3e.11g10.6h13.19e43f13eh.6g10.6g20.28e27.2f15.4g12h3ie7.185e44f15h.100a" +
	"32b32g19.12e8.2e.2e8.e2.e24f6.f2.2f4efef2h3.9g10.70e8.2e39f7.2f7ehef.27ef10e40f7ef4h8f.8ef11e46f16h3eh5.13e73.7h10.182e33h.14g10.6e9.e37f8.f" +
	"8eh5.10g29.3h2e30.2f22.f14.73e7.e2.e38f6.3f.f2.f7ef.8g10.6e6.e2.e32f5.f2.f5e.7g10.310e19f4h2.7f2efe13.e34f7.3f5h13g10f.85e.15g21i29.13he922." +
	"102g111.h5.11e196.2636e97h2.13e1072.16fe6f15.10e3995.5e583.6841e30f18g10.1734e569.7e31.g10.4h2e79.g10.6e30.2f5h.10e48f7h5i4d4hi.10g10.g7.e21" +
	".5e19.432d3e40d2h3g10.198a32b32g23h4.101e75.4fef55.7f4d13.64d2hdf.11f2.14e6136.8e1238.41e10.8935d4.d7.d2.e291.15e.29e3.2e.14e4.8e396.2308e10" +
	"7.5e13.3e9.7e10.2if2h.3936i240g10.6i436.76f46.2f23.9i116.60i246.10i39.2i60f5i3f6.8f8i2f7i30f4i61.21i66f3i.122g20.12g20.12i87.9g25.135a26b26a" +
	"26b7.b18a26b26a.a2.2a.2a2.2a4.a8b4.b.b7.b11a26b26a2.a4.2a8.a7.b26a2.a4.a5.a.3a7.b26a26b26a26b26a26b26a26b26a26b26a26b28.2a25ib25ib6a25ib25ib" +
	"6a25ib25ib6a25ib25ib6a25ib25ib6ab.2g50i512f55i4f50i8fi14fi2h5.15f5.f15.1104b10eb20.6b6.213f7.f17.2f7.f2.f5.5d62.33f.112e45.3f7d7.2g10.4ei.32" +
	"0e30f.17e44f4g10.5i.464e27df4g10.214e30f2eg10.4h.480e7.e4.e2.e15.e197.2g9f7.41a34b34f7d.4g10.4h2.785g59ig3ig4.76g45ig15.194e4.e27.e2.e.2e.e1" +
	"0.e4.e.e.6e.4e.e.e.e3.e2.e.2e.e.e.e.e.e2.e.2e4.e7.e4.e4.e.e10.e17.5e3.e5.e17.52i2.270i44.4i100.12i15.2i15.i15.i37.10g13i161.56i29.13i44.4i9." +
	"7i2.14i6.154i984.4i17.3i13.3i119.4i95.6i12.4i.15i12.4i56.8i10.6i40.8i30.2i12.4i2.62i340.12i14.2i13.3i10.5i56.7i15.2i11.6i9.7i147.i92g10.1030" +
	"e42720.32e4154.6e222.2e5762.14e7473.15e622.2466e542.1506e4939.5e4192.712016f240.196112"
