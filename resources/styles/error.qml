<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<!-- Angle between a pixel and its reconstruction, in radians. The values are stretched to the result: here 0.2 stands for three times its mean angle. -->
<qgis styleCategories="Symbology" version="3.22.16">
  <pipe>
    <rasterrenderer type="singlebandpseudocolor" band="1" opacity="1" alphaBand="-1" classificationMin="0" classificationMax="0.2">
      <rastershader>
        <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" minimumValue="0" maximumValue="0.2" clip="0" labelPrecision="4">
          <colorramp name="[source]" type="gradient">
            <prop k="color1" v="255,255,204,255"/>
            <prop k="color2" v="128,0,38,255"/>
            <prop k="discrete" v="0"/>
            <prop k="rampType" v="gradient"/>
            <prop k="stops" v="0.25;254,217,118,255:0.5;253,141,60,255:0.75;227,26,28,255"/>
          </colorramp>
          <item value="0" label="0" color="#ffffcc" alpha="255"/>
          <item value="0.05" label="0.05" color="#fed976" alpha="255"/>
          <item value="0.1" label="0.1" color="#fd8d3c" alpha="255"/>
          <item value="0.15" label="0.15" color="#e31a1c" alpha="255"/>
          <item value="0.2" label="0.2" color="#800026" alpha="255"/>
          <rampLegendSettings useContinuousLegend="1" orientation="2" direction="0" prefix="" suffix="" minimumLabel="" maximumLabel=""/>
        </colorrampshader>
      </rastershader>
    </rasterrenderer>
    <brightnesscontrast brightness="0" contrast="0" gamma="1"/>
    <huesaturation saturation="0" grayscaleMode="0" invertColors="0" colorizeOn="0" colorizeStrength="100" colorizeRed="255" colorizeGreen="128" colorizeBlue="128"/>
    <rasterresampler maxOversampling="2"/>
    <resamplingStage>resamplingFilter</resamplingStage>
  </pipe>
  <blendMode>0</blendMode>
</qgis>
